//! `armature test`: the tests that packages bring, on an embedded database of their own.

use std::path::Path;

use deploy::{Report, TestError};

use crate::console::Console;
use crate::failure::Failure;
use crate::{folder, shipped};

/// Runs the tests of the folder's packages; those that they depend on come from the folder or from what ships with the program.
pub async fn test(dir: &Path, console: &Console) -> Result<u8, Failure> {
    let files = folder::read(dir)?;
    let others = shipped::dependencies(&files, &[]);
    let report = match Box::pin(deploy::test(&files, &others)).await {
        Ok(report) => report,
        Err(TestError::Documents(diagnostics)) => {
            return Err(Failure::Deploy(deploy::DeployError::Documents(diagnostics)));
        }
        Err(error) => return Err(error.into()),
    };
    console.result(&report, |console| tell(&report, console))?;
    Ok(u8::from(!report.ok()))
}

fn tell(report: &Report, console: &Console) {
    for case in &report.cases {
        let verdict = if case.passed { "ok    " } else { "FAILED" };
        console.say(&format!("{verdict} {} / {}", case.test, case.name));
        for problem in &case.problems {
            console.say(&format!("         {} {}: {}", case.file, problem.place, problem.message));
            for (label, value) in [("expected", &problem.expected), ("found", &problem.found)] {
                if let Some(value) = value {
                    console.say(&format!("           {label}: {value}"));
                }
            }
        }
    }
    if !report.transitions.is_empty() {
        console.say("\nTransitions                                                   allowed  refused");
    }
    for seen in &report.transitions {
        let way = format!("{} {} -> {}", seen.lifecycle, seen.from, seen.to);
        console.say(&format!("  {way:<60} {:>6} {:>8}{}", seen.allowed, seen.refused, untried(seen)));
    }
    if !report.cost.is_empty() {
        console.say("\nAutomations                                 runs   operations each   µs each");
    }
    for cost in &report.cost {
        let each = |sum: u64| sum / cost.runs.max(1);
        let (operations, micros) = (each(cost.operations), each(cost.micros));
        console.say(&format!("  {:<40} {:>6} {operations:>17} {micros:>9}", cost.script, cost.runs));
    }
    console.say(&format!("\n{} passed, {} failed", report.passed, report.failed));
}

fn untried(seen: &deploy::Seen) -> &'static str {
    match (seen.allowed, seen.refused) {
        (0, 0) => "  never tried",
        (_, 0) => "  never seen refused",
        (0, _) => "  never seen allowed",
        _ => "",
    }
}
