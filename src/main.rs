//! The `mlp` command.

fn main() -> std::process::ExitCode {
    mlp::cli::main()
}
