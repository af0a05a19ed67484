//! `commensal test`: runs sqllogictest files. Reports failures on standard error, and the numbers of
//! records that passed and failed on standard output.

use std::io::{self, IsTerminal, Write};

use commensal::ENGINES;
use commensal_conformance::{Alternating, Options};

use crate::cli::{TestArguments, is_missing};
use crate::failure::{Failure, Result};
use crate::output::Screen;

pub(crate) fn run(arguments: &TestArguments) -> Result {
    if arguments.alternate && ENGINES.len() == 1 {
        return Err(Failure::message(is_missing("turso")));
    }
    let options = Options {
        engine: arguments.host.engine,
        runtime: arguments.host.runtime(),
        limits: arguments.host.limits(),
        capabilities: arguments.host.capabilities(),
        strict: arguments.strict,
        guard_pages: !arguments.host.no_guard_pages,
    };
    // Rows that differ are shown unchanged.
    let mut report = Screen::new(io::stderr().lock(), io::stderr().is_terminal());
    let (files, strict) = (&arguments.files, options.strict);
    let summary = match arguments.alternate {
        true => {
            let target = Alternating::new(&options);
            commensal_conformance::run_on(files, &target, strict, &mut report)?
        }
        false => commensal_conformance::run(files, &options, &mut report)?,
    };
    writeln!(io::stdout(), "{} passed, {} failed", summary.passed, summary.failed)?;
    if summary.failed == 0 { Ok(()) } else { Err(Failure::Reported) }
}
