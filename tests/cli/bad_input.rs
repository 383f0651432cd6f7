//! Whatever stands in a file or in the way: a clear error with a code, no panic, nothing partial, within two seconds.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Done, HELLO, World};

const SOON: Duration = Duration::from_secs(2);

/// Runs every command that reads the file; each must say the code, none may take long or fail in another way.
fn all_say(world: &World, path: &str, code: &str, exit: i32) {
    for args in [vec!["check", path], vec!["check", path, "--output-format", "sarif"], vec!["build", path]] {
        let begun = Instant::now();
        let done = world.mlp(&args);
        done.is(exit).says(code);
        calm(&done, begun);
    }
}

#[track_caller]
fn calm(done: &Done, begun: Instant) {
    assert!(begun.elapsed() < SOON, "took {:?}", begun.elapsed());
    assert!(!done.err.contains("panicked"), "{}", done.err);
    assert!(done.out.len() + done.err.len() < 500_000, "{} bytes", done.out.len() + done.err.len());
}

fn world_of(bytes: impl AsRef<[u8]>) -> World {
    let world = World::hello();
    world.write("bad.mlp", bytes);
    world
}

#[test]
fn not_utf8() {
    let world = world_of(b"mlp 1\n# caf\xe9\n");
    all_say(&world, "bad.mlp", "MLP0001", 1);
    world.mlp(&["check", "bad.mlp"]).says("byte 0xe9 in line 2");
    world.mlp(&["fmt", "bad.mlp"]).is(1).says("MLP0001");
}

#[test]
fn an_import_that_is_not_utf8() {
    let world = world_of("mlp 1\n\nuse \"platform.mlp\" { store }\n\npipeline \"x\" { on manual }\n");
    world.write("platform.mlp", b"mlp 1\n\xff");
    world.mlp(&["check", "bad.mlp"]).is(1).says("`platform.mlp` is not UTF-8");
}

#[test]
fn nul_bytes() {
    all_say(&world_of("mlp 1\n\0\0\0\n"), "bad.mlp", "MLP0106", 1);
}

#[test]
fn crlf_and_a_byte_order_mark_are_fine() {
    let world = World::built();
    world.write("hello.mlp", format!("\u{feff}{}", HELLO.replace('\n', "\r\n")));
    world.mlp(&["check", "--deny", "warnings"]).is(0);
    world.mlp(&["build", "--check"]).is(0);
    world.mlp(&["fmt"]).is(0);
    assert_eq!(world.read("hello.mlp"), HELLO);
}

#[test]
fn a_hundred_megabytes() {
    let world = World::hello();
    fs::File::create(world.at("bad.mlp")).unwrap().set_len(100 * 1024 * 1024).unwrap();
    all_say(&world, "bad.mlp", "MLP0111", 1);
    world.write("bad.mlp", "ä".repeat(3_000_000));
    all_say(&world, "bad.mlp", "MLP0111", 1);
}

#[test]
fn nested_brackets() {
    all_say(&world_of(format!("mlp 1\n\nparam x: int = {}", "(".repeat(200_000))), "bad.mlp", "MLP0110", 1);
    all_say(&world_of(format!("mlp 1\n{}", "x { ".repeat(200_000))), "bad.mlp", "MLP0110", 1);
}

#[test]
fn paths_out_of_the_repository() {
    let world = World::hello();
    world.mlp(&["check", "hello.mlp", "/etc/hostname"]).is(2).says("MLP0004");
    world.mlp(&["check", "--root", ".", "../x.mlp"]).is(2).says("MLP0004");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.mlp"), "mlp 1\n").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.mlp"), world.at("link.mlp")).unwrap();
    world.mlp(&["check", "link.mlp"]).is(2).says("MLP0004");
    world.write("import.mlp", "mlp 1\n\nuse \"../../secret.mlp\" { x }\n\npipeline \"x\" { on manual }\n");
    world.mlp(&["check", "import.mlp"]).is(1).says("../../secret.mlp");
}

#[test]
fn symbolic_links_in_a_circle() {
    let world = World::hello();
    std::os::unix::fs::symlink("b.mlp", world.at("a.mlp")).unwrap();
    std::os::unix::fs::symlink("a.mlp", world.at("b.mlp")).unwrap();
    std::os::unix::fs::symlink(".", world.at("round")).unwrap();
    all_say(&world, "a.mlp", "MLP0002", 2);
    world.mlp(&["check"]).is(2).says("too many levels of symbolic links");
}

#[test]
fn folders_and_devices_are_no_files() {
    let world = World::hello();
    fs::create_dir(world.at("folder.mlp")).unwrap();
    world.mlp(&["check"]).is(0);
    std::os::unix::fs::symlink("/dev/zero", world.at("zero.mlp")).unwrap();
    world.mlp(&["check", "zero.mlp"]).is(2).says("MLP0004");
}

#[test]
fn a_file_where_a_folder_belongs() {
    let world = World::hello();
    world.write("argocd", "in the way");
    let before = world.files();
    let done = world.mlp(&["build"]);
    done.is(2).says("MLP0008");
    assert_eq!(world.files(), before);
    world.mlp(&["build", "--out-dir", "/proc/mlp"]).is(2).says("MLP0008");
}

#[test]
fn a_folder_where_a_file_belongs() {
    let world = World::hello();
    fs::create_dir_all(world.at(".github/workflows/mlp-hello.yml/x")).unwrap();
    let before = world.files();
    world.mlp(&["build"]).is(2).says("MLP0002");
    assert_eq!(world.files(), before);
}

/// `ulimit -f` makes every write beyond a few blocks fail, as a full disk does.
#[test]
fn a_full_disk() {
    for blocks in [0, 1, 8, 20, 60] {
        let world = World::hello();
        let before = world.files();
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} build", env!("CARGO_BIN_EXE_mlp"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(world.root()).output().unwrap();
        Done::new(&world, output).is(2).says("MLP0008").says("file too large");
        assert_eq!(world.files(), before, "{blocks} blocks");
        world.mlp(&["build"]).is(0);
        world.mlp(&["build", "--check"]).is(0);
    }
}

#[test]
fn results_that_cannot_be_written() {
    let world = world_of("mlp 1\n\0");
    world.mlp(&["check", "bad.mlp", "--output-file", "/dev/full"]).is(2).says("no space left");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = world.command(&["explain", "--all"]).stdout(full).output().unwrap();
    Done::new(&world, output).is(2).says("results cannot be written");
}

#[test]
fn names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::hello();
    let name = std::ffi::OsStr::from_bytes(b"\xff.mlp");
    fs::write(world.root().join(name), HELLO).unwrap();
    let output = world.command(&["check"]).arg(name).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
