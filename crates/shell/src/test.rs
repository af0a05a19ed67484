//! `commensal test`: runs sqllogictest files, tells on standard error what failed and on standard
//! output how many records passed and failed.

use std::io::{self, Write};

use commensal::Engine;
use commensal_conformance::Options;

use crate::cli::TestArguments;
use crate::failure::{Failure, Result};

pub(crate) fn run(arguments: &TestArguments) -> Result {
    let options = Options {
        engines: match arguments.alternate {
            true => Engine::ALL.to_vec(),
            false => vec![arguments.host.engine],
        },
        runtime: arguments.host.runtime(),
        limits: arguments.host.limits(),
        capabilities: arguments.host.capabilities(),
        strict: arguments.strict,
    };
    let mut report = anstream::stderr().lock();
    let summary = commensal_conformance::run(&arguments.files, &options, &mut report)?;
    writeln!(io::stdout(), "{} passed, {} failed", summary.passed, summary.failed)?;
    if summary.failed == 0 { Ok(()) } else { Err(Failure::Reported) }
}
