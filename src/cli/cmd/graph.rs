//! `mlp graph`: the stages of pipelines, drawn.

use crate::cli::analyses::{Judge, analyses, with_failures};
use crate::cli::args::{Drawing, Global, Graph};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Outcome, Stop};
use crate::cli::load;
use crate::cli::repository::Repository;
use crate::diagnostic::render::Report;
use crate::draw::{self, Picture};

/// Draws the pipelines selected.
pub fn run(args: &Graph, global: &Global) -> Outcome {
    let console = Console::new(global);
    let repository = Repository::open(global.root.as_deref(), &args.selection.paths)?;
    let mut loaded = load::load(&repository, &args.selection)?;
    let analyses = analyses(&loaded.sources, &loaded.targets, &repository.lock, &console.bar(loaded.targets.len(), "Reading"));
    let findings = Judge { config: &repository.config, deny: None }.findings(&analyses);
    let pipelines = analyses.iter().flat_map(|analysis| analysis.resolved.hir.pipelines.iter().zip(&analysis.graphs));
    let chosen = pipelines.filter(|(pipeline, _)| args.pipeline.as_ref().is_none_or(|name| pipeline.name.text == *name));
    let pictures: Vec<Picture> = chosen.map(|(pipeline, graph)| Picture::new(pipeline, graph)).collect();
    drop(analyses);
    let findings = with_failures(findings, std::mem::take(&mut loaded.failures), &mut loaded.sources);
    let exit = Exit::of(&findings);
    if exit != Exit::Clean {
        console.complain(Report { sources: &loaded.sources, findings: &findings });
        return Ok(exit);
    }
    if pictures.is_empty() && !args.selection.allow_empty {
        return Err(args.pipeline.as_ref().map_or_else(|| load::none_found(&repository).into(), |name| unknown(name)));
    }
    console.print(&drawn(args.format, &pictures)?)?;
    Ok(Exit::Clean)
}

fn unknown(name: &str) -> Stop {
    Stop::Usage(format!("there is no pipeline `{name}` in the files selected"))
}

fn drawn(format: Drawing, pictures: &[Picture]) -> Result<String, Stop> {
    match (format, pictures) {
        (Drawing::Json, _) => Ok(draw::json(pictures)),
        (Drawing::Mermaid, _) => Ok(pictures.iter().map(draw::mermaid).collect::<Vec<_>>().join("\n")),
        (Drawing::Dot, _) => Ok(pictures.iter().map(draw::dot).collect()),
        (Drawing::Svg, [one]) => Ok(draw::svg(one)),
        (Drawing::Svg, _) => Err(Stop::Usage("an SVG shows one pipeline: name its file, or the pipeline with `--pipeline`".to_owned())),
    }
}
