//! Dot commands: lines that begin with a dot, which the shell runs itself.
//!
//! To add one, add a line to [`COMMANDS`] and its function.

mod arguments;
mod csv_text;
mod dump;
mod import;
mod index_text;
mod objects;
mod plain;
mod schema;
mod script;
mod stand_in;

use std::io::Write;
use std::path::Path;

use clap::ValueEnum;

use crate::failure::{Failure, Result};
use crate::output::Mode;
use crate::session::Session;

struct DotCommand {
    name: &'static str,
    arguments: &'static str,
    /// How many arguments it takes.
    count: std::ops::RangeInclusive<usize>,
    help: &'static str,
    run: fn(&mut Session, &[String]) -> Result,
}

const COMMANDS: &[DotCommand] = &[
    DotCommand {
        name: "bail",
        arguments: "on|off",
        count: 1..=1,
        help: "Whether to stop at the first error",
        run: |session, arguments| {
            session.bail = on_off(&arguments[0])?;
            Ok(())
        },
    },
    DotCommand {
        name: "dump",
        arguments: "[--plain] [TABLE…]",
        count: 0..=usize::MAX,
        help: "Print the SQL that recreates the database; TABLE is a LIKE pattern; --plain is for \
               SQLite without Commensal",
        run: dump::run,
    },
    DotCommand {
        name: "echo",
        arguments: "on|off",
        count: 1..=1,
        help: "Whether to print each statement before it runs",
        run: |session, arguments| {
            session.echo = on_off(&arguments[0])?;
            Ok(())
        },
    },
    DotCommand {
        name: "exit",
        arguments: "",
        count: 0..=0,
        help: "End the shell",
        run: |_, _| Err(Failure::Quit),
    },
    DotCommand {
        name: "extensions",
        arguments: "",
        count: 0..=0,
        help: "List the extensions stored in the database",
        run: |session, _| {
            session.print_query("SELECT name, version, functions, status FROM temp.wasm_extensions")
        },
    },
    DotCommand {
        name: "functions",
        arguments: "",
        count: 0..=0,
        help: "List the functions stored in the database",
        run: |session, _| {
            session.print_query(
                "SELECT name, params, returns, extension, deterministic, status \
                 FROM temp.wasm_functions",
            )
        },
    },
    DotCommand {
        name: "headers",
        arguments: "on|off",
        count: 1..=1,
        help: "Whether to print column names (modes list, table, csv)",
        run: |session, arguments| {
            session.format.headers = Some(on_off(&arguments[0])?);
            Ok(())
        },
    },
    DotCommand {
        name: "help",
        arguments: "",
        count: 0..=0,
        help: "List the dot commands",
        run: |session, _| help(session),
    },
    DotCommand {
        name: "import",
        arguments: "[--csv] [--skip N] FILE TABLE",
        count: 2..=5,
        help: "Insert the rows of a CSV file; a new TABLE takes its columns from the first row",
        run: import::run,
    },
    DotCommand {
        name: "mode",
        arguments: "MODE",
        count: 1..=1,
        help: "How to print rows: list, table, csv, json, jsonl, line",
        run: |session, arguments| {
            session.format.mode = Mode::from_str(&arguments[0], true).map_err(|_| {
                let names = Mode::value_variants().iter().filter_map(Mode::to_possible_value);
                let names: Vec<_> = names.map(|name| name.get_name().to_owned()).collect();
                unknown("mode", &arguments[0], names.iter().map(String::as_str))
            })?;
            Ok(())
        },
    },
    DotCommand {
        name: "nullvalue",
        arguments: "TEXT",
        count: 1..=1,
        help: "What to print for NULL",
        run: |session, arguments| {
            session.format.null.clone_from(&arguments[0]);
            Ok(())
        },
    },
    DotCommand {
        name: "print",
        arguments: "[TEXT…]",
        count: 0..=usize::MAX,
        help: "Print the text",
        run: |session, arguments| Ok(writeln!(session.output, "{}", arguments.join(" "))?),
    },
    DotCommand {
        name: "quit",
        arguments: "",
        count: 0..=0,
        help: "End the shell",
        run: |_, _| Err(Failure::Quit),
    },
    DotCommand {
        name: "read",
        arguments: "FILE",
        count: 1..=1,
        help: "Run the statements and dot commands of a file",
        run: |session, arguments| session.read(Path::new(&arguments[0])),
    },
    DotCommand {
        name: "schema",
        arguments: "[TABLE]",
        count: 0..=1,
        help: "Print the CREATE statements; TABLE is a LIKE pattern",
        run: schema::schema,
    },
    DotCommand {
        name: "tables",
        arguments: "[TABLE]",
        count: 0..=1,
        help: "List tables and views; TABLE is a LIKE pattern",
        run: schema::tables,
    },
];

/// Runs a line that begins with a dot.
pub(crate) fn run(session: &mut Session, line: &str) -> Result {
    let words = arguments::split(line.strip_prefix('.').unwrap_or(line))?;
    let Some((name, arguments)) = words.split_first() else {
        return Err(Failure::message("a dot command has a name; \".help\" lists them"));
    };
    // sqlite3 accepts both.
    let name = if name == "header" { "headers" } else { name };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        let names = COMMANDS.iter().map(|command| command.name);
        return Err(unknown("dot command", name, names));
    };
    if !command.count.contains(&arguments.len()) {
        return Err(Failure::message(format!("usage: .{} {}", command.name, command.arguments)));
    }
    (command.run)(session, arguments)
}

fn help(session: &mut Session) -> Result {
    for command in COMMANDS {
        let usage = format!(".{} {}", command.name, command.arguments);
        writeln!(session.output, "{usage:<38} {}", command.help)?;
    }
    Ok(())
}

fn on_off(word: &str) -> Result<bool> {
    match word.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" | "1" => Ok(true),
        "off" | "no" | "false" | "0" => Ok(false),
        _ => Err(Failure::message(format!("\"{word}\" is neither on nor off"))),
    }
}

/// "unknown …", with the most similar of the known names.
fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Failure {
    let similar = known
        .clone()
        .map(|known| {
            let prefix = if known.starts_with(name) { 1.0 } else { 0.0 };
            (known, strsim::jaro_winkler(name, known) + prefix)
        })
        .filter(|(_, similarity)| *similarity > 0.75)
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    let next = match similar {
        Some((similar, _)) => format!("did you mean \"{similar}\"?"),
        None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
    };
    Failure::message(format!("unknown {what} \"{name}\"; {next}"))
}
