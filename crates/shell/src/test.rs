//! `commensal test`: runs sqllogictest files, tells on standard error what failed and on standard
//! output how many records passed and failed.

use std::io::{self, Write};

use commensal_conformance::{Alternating, Options};

use crate::cli::TestArguments;
use crate::failure::{Failure, Result};

pub(crate) fn run(arguments: &TestArguments) -> Result {
    let options = Options {
        engine: arguments.host.engine,
        runtime: arguments.host.runtime(),
        limits: arguments.host.limits(),
        capabilities: arguments.host.capabilities(),
        strict: arguments.strict,
    };
    let mut report = anstream::stderr().lock();
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
