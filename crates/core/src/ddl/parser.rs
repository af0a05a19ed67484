//! The grammar of our statements.
//!
//! It knows the engine's own statements only well enough to tell that they are not ours.

use crate::error::{Error, ErrorKind, Result};

use super::lexer::{Token, TokenKind};
use super::statement::{Create, Drop, ObjectKind, Parsed, Source, Statement, With};
use super::tokens::{Tokens, excerpt};
use super::{Parameters, literal};

const FILE_PREFIX: &str = "file://";
const CACHE_SIZE: &str = "wasm_cache_size";

/// Reads the first statement of `sql`, after empty ones, if it is ours. Returns `None` if it belongs to the
/// engine. A few tokens decide that, without allocating.
///
/// # Errors
/// [`ErrorKind::Syntax`], with the byte offset in `sql`, if the statement begins like ours and goes wrong later.
pub fn parse(sql: &str) -> Result<Option<Parsed>> {
    let mut cursor = Tokens::new(sql);
    let Some(opening) = opening(&mut cursor) else {
        return Ok(None);
    };
    let mut parameters = Parameters::default();
    let (statement, follow) = match opening {
        Opening::Create { kind, or_replace } => {
            let create = create(&mut cursor, &mut parameters, kind, or_replace)?;
            let follow = match kind {
                ObjectKind::Function => "EXPORT, DETERMINISTIC, WITH, CASCADE REINDEX or ;",
                ObjectKind::Extension => "WITH, CASCADE REINDEX or ;",
            };
            (Statement::Create(create), follow)
        }
        Opening::Drop { kind } => {
            (Statement::Drop(drop_object(&mut cursor, kind)?), "CASCADE REINDEX or ;")
        }
        Opening::CacheSize { database } => {
            let statement = cache_size(&mut cursor, database)?;
            let follow =
                if matches!(statement, Statement::CacheSize(None)) { "=, ( or ;" } else { ";" };
            (statement, follow)
        }
    };
    let consumed = cursor.end(follow)?;
    Ok(Some(Parsed { statement, consumed, parameters }))
}

/// The beginning of one of our statements.
enum Opening<'a> {
    Create { kind: ObjectKind, or_replace: bool },
    Drop { kind: ObjectKind },
    CacheSize { database: Option<Token<'a>> },
}

/// Steps over the words that identify a statement as ours.
fn opening<'a>(cursor: &mut Tokens<'a>) -> Option<Opening<'a>> {
    if cursor.accept("CREATE") {
        let or_replace = cursor.accept("OR");
        if or_replace && !cursor.accept("REPLACE") {
            return None;
        }
        Some(Opening::Create { kind: object_kind(cursor)?, or_replace })
    } else if cursor.accept("DROP") {
        Some(Opening::Drop { kind: object_kind(cursor)? })
    } else if cursor.accept("PRAGMA") {
        let database = (cursor.next().kind == TokenKind::Dot).then(|| cursor.advance());
        if database.is_some() {
            cursor.advance();
        }
        literal::is_name(&cursor.token(), CACHE_SIZE).then_some(Opening::CacheSize { database })
    } else {
        None
    }
}

fn object_kind(cursor: &mut Tokens<'_>) -> Option<ObjectKind> {
    [ObjectKind::Function, ObjectKind::Extension]
        .into_iter()
        .find(|kind| cursor.accept(kind.keyword()))
}

/// Reads what follows `CREATE [OR REPLACE] kind`.
fn create(
    cursor: &mut Tokens<'_>,
    parameters: &mut Parameters,
    kind: ObjectKind,
    or_replace: bool,
) -> Result<Create> {
    let if_not_exists = if_not_exists(cursor, kind, or_replace)?;
    let (name, name_offset) = object_name(cursor, kind)?;
    cursor.expect("LANGUAGE", &format!("LANGUAGE after the {}'s name", kind.name()))?;
    language(cursor)?;
    cursor.expect("AS", "AS after the language")?;
    let source_offset = cursor.token().offset;
    let mut create = Create {
        kind,
        or_replace,
        if_not_exists,
        name,
        name_offset,
        source: source(cursor, parameters)?,
        source_offset,
        export: None,
        deterministic: false,
        with: With::default(),
        cascade_reindex: false,
    };
    while clause(cursor, &mut create)? {}
    Ok(create)
}

fn if_not_exists(cursor: &mut Tokens<'_>, kind: ObjectKind, or_replace: bool) -> Result<bool> {
    // Only a NOT after IF tells the clause from an object named "if".
    if !(cursor.token().is("IF") && cursor.next().is("NOT")) {
        return Ok(false);
    }
    if or_replace {
        return Err(cursor.error(format!(
            "OR REPLACE and IF NOT EXISTS exclude each other: one replaces the {kind} that is \
             there, the other keeps it",
            kind = kind.name()
        )));
    }
    cursor.advance();
    cursor.advance();
    cursor.expect("EXISTS", "EXISTS after IF NOT")?;
    Ok(true)
}

fn object_name(cursor: &mut Tokens<'_>, kind: ObjectKind) -> Result<(String, usize)> {
    let offset = cursor.token().offset;
    let name = cursor.name(&format!("the {}'s name", kind.name()))?;
    if cursor.token().kind == TokenKind::Dot {
        let message = format!(
            "the {kind}'s name cannot be qualified: definitions always live in the database \
             \"main\"; write it without a database's name",
            kind = kind.name()
        );
        return Err(Error::new(ErrorKind::Syntax, message).at(offset));
    }
    Ok((name, offset))
}

fn language(cursor: &mut Tokens<'_>) -> Result<()> {
    let token = cursor.token();
    let language = cursor.name("the language's name")?;
    if language.eq_ignore_ascii_case("wasm") {
        return Ok(());
    }
    let message =
        format!("the language {} is not supported; the only one is wasm", excerpt(token.text));
    Err(Error::new(ErrorKind::Syntax, message).at(token.offset))
}

fn source(cursor: &mut Tokens<'_>, parameters: &mut Parameters) -> Result<Source> {
    let token = cursor.token();
    if let Some(path) = cursor.accept_raw(FILE_PREFIX) {
        return file(path, token.offset);
    }
    let source = match token.kind {
        TokenKind::Blob => Source::Blob(literal::blob(&token)?),
        TokenKind::Parameter => Source::Parameter(parameters.number(token.text, token.offset)?),
        TokenKind::String => {
            let text = literal::unquote(token.text);
            match text.strip_prefix(FILE_PREFIX) {
                Some(path) => file(path, token.offset)?,
                None => Source::Text(text),
            }
        }
        _ => {
            return Err(cursor.expected(
                "the source (X'…', a string with WebAssembly text, a parameter or file://path)",
            ));
        }
    };
    cursor.advance();
    Ok(source)
}

fn file(path: &str, offset: usize) -> Result<Source> {
    let message = if path.is_empty() {
        "expected a path after file://"
    } else if path.contains('\0') {
        "the path after file:// must not hold NUL characters"
    } else {
        return Ok(Source::File(path.to_owned()));
    };
    Err(Error::new(ErrorKind::Syntax, message).at(offset))
}

/// Reads a clause after the source. Returns false if there is none.
fn clause(cursor: &mut Tokens<'_>, create: &mut Create) -> Result<bool> {
    let token = cursor.token();
    let once = |given: bool, clause: &str| match given {
        true => Err(cursor.error(format!("{clause} is given twice"))),
        false => Ok(()),
    };
    if token.is("EXPORT") {
        function_only(cursor, create.kind, "EXPORT", "names the export of each function")?;
        once(create.export.is_some(), "EXPORT")?;
        cursor.advance();
        create.export = Some(cursor.name("the export's name")?);
    } else if token.is("DETERMINISTIC") {
        function_only(cursor, create.kind, "DETERMINISTIC", "says it of each function")?;
        once(create.deterministic, "DETERMINISTIC")?;
        cursor.advance();
        create.deterministic = true;
    } else if token.is("WITH") {
        once(create.with != With::default(), "WITH")?;
        cursor.advance();
        create.with = with(cursor, create.kind)?;
    } else if token.is("CASCADE") {
        once(create.cascade_reindex, "CASCADE REINDEX")?;
        create.cascade_reindex = cascade_reindex(cursor)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn function_only(
    cursor: &Tokens<'_>,
    kind: ObjectKind,
    clause: &str,
    manifest: &str,
) -> Result<()> {
    match kind {
        ObjectKind::Function => Ok(()),
        ObjectKind::Extension => Err(cursor.error(format!(
            "{clause} does not go with CREATE EXTENSION: the module's manifest {manifest}"
        ))),
    }
}

fn cascade_reindex(cursor: &mut Tokens<'_>) -> Result<bool> {
    let cascade = cursor.accept("CASCADE");
    if cascade {
        cursor.expect("REINDEX", "REINDEX after CASCADE")?;
    }
    Ok(cascade)
}

/// Reads what follows `WITH`.
fn with(cursor: &mut Tokens<'_>, kind: ObjectKind) -> Result<With> {
    let mut with = With::default();
    cursor.expect_kind(TokenKind::LeftParenthesis, "( after WITH")?;
    loop {
        with_option(cursor, &mut with, kind)?;
        if cursor.token().kind != TokenKind::Comma {
            break;
        }
        cursor.advance();
    }
    cursor.expect_kind(TokenKind::RightParenthesis, "a comma or ) after the option")?;
    Ok(with)
}

fn with_option(cursor: &mut Tokens<'_>, with: &mut With, kind: ObjectKind) -> Result<()> {
    let known = match kind {
        ObjectKind::Function => "timeout_ms, fuel, memory_mb, allow",
        ObjectKind::Extension => "timeout_ms, fuel, memory_mb, allow, prefix, without",
    };
    let token = cursor.token();
    let is = |name| literal::is_name(&token, name);
    if is("timeout_ms") {
        limit(cursor, "timeout_ms", &mut with.timeout_ms)
    } else if is("fuel") {
        limit(cursor, "fuel", &mut with.fuel)
    } else if is("memory_mb") {
        limit(cursor, "memory_mb", &mut with.memory_mb)
    } else if is("allow") {
        allow(cursor, with)
    } else if is("prefix") || is("without") {
        selection(cursor, with, kind, if is("prefix") { "prefix" } else { "without" })
    } else if literal::is_any_name(&token) {
        let option = excerpt(token.text);
        Err(cursor.error(format!("WITH has no option {option}; known are {known}")))
    } else {
        Err(cursor.expected(&format!("an option ({known})")))
    }
}

/// Reads the option `prefix` or `without`.
fn selection(
    cursor: &mut Tokens<'_>,
    with: &mut With,
    kind: ObjectKind,
    option: &str,
) -> Result<()> {
    if kind == ObjectKind::Function {
        return Err(cursor.error(format!(
            "{option} does not go with CREATE FUNCTION, whose function can have any name"
        )));
    }
    let is_prefix = option == "prefix";
    let selection = &mut with.selection;
    let given =
        if is_prefix { selection.prefix().is_some() } else { selection.without().is_some() };
    option_equals(cursor, option, given)?;
    let what = match is_prefix {
        true => "a string, such as 'text_', for prefix",
        false => "a string with names, such as 'lower,like', for without",
    };
    let token = cursor.expect_kind(TokenKind::String, what)?;
    let text = literal::unquote(token.text);
    let set = if is_prefix { selection.set_prefix(&text) } else { selection.set_without(&text) };
    set.map_err(|problem| Error::new(ErrorKind::Syntax, problem).at(token.offset))
}

/// Steps over the option's name and `=`.
fn option_equals(cursor: &mut Tokens<'_>, option: &str, given: bool) -> Result<()> {
    if given {
        return Err(cursor.error(format!("{option} is given twice")));
    }
    cursor.advance();
    cursor.expect_kind(TokenKind::Equals, &format!("= after {option}"))?;
    Ok(())
}

fn limit(cursor: &mut Tokens<'_>, option: &str, value: &mut Option<u64>) -> Result<()> {
    option_equals(cursor, option, value.is_some())?;
    let offset = cursor.token().offset;
    let number = cursor.integer(&format!("a positive integer for {option}"))?;
    if number == 0 {
        let message = format!("{option} has to be at least 1; leave it out for the host's limit");
        return Err(Error::new(ErrorKind::Syntax, message).at(offset));
    }
    *value = Some(number);
    Ok(())
}

fn allow(cursor: &mut Tokens<'_>, with: &mut With) -> Result<()> {
    option_equals(cursor, "allow", with.allow.is_some())?;
    let what = "a string with the capabilities' names, such as 'log,clock', for allow";
    let token = cursor.expect_kind(TokenKind::String, what)?;
    let names = literal::unquote(token.text);
    let capabilities = names.parse().map_err(|unknown: crate::limits::UnknownCapability| {
        Error::new(ErrorKind::Syntax, unknown.to_string()).at(token.offset)
    })?;
    with.allow = Some(capabilities);
    Ok(())
}

/// Reads what follows `DROP kind`.
fn drop_object(cursor: &mut Tokens<'_>, kind: ObjectKind) -> Result<Drop> {
    // Only an EXISTS after IF tells the clause from an object named "if".
    let if_exists = cursor.token().is("IF") && cursor.next().is("EXISTS");
    if if_exists {
        cursor.advance();
        cursor.advance();
    }
    let (name, name_offset) = object_name(cursor, kind)?;
    let cascade_reindex = cascade_reindex(cursor)?;
    Ok(Drop { kind, if_exists, name, name_offset, cascade_reindex })
}

/// Reads what follows `PRAGMA`. `database` is the name before the pragma's, if there is one.
fn cache_size(cursor: &mut Tokens<'_>, database: Option<Token<'_>>) -> Result<Statement> {
    if let Some(database) = database
        && !literal::is_name(&database, "main")
    {
        let message = format!(
            "{CACHE_SIZE} belongs to the database \"main\", not to {}",
            excerpt(database.text)
        );
        return Err(Error::new(ErrorKind::Syntax, message).at(database.offset));
    }
    cursor.advance();
    let what = "a number of bytes (a non-negative integer)";
    let bytes = match cursor.token().kind {
        TokenKind::Equals => {
            cursor.advance();
            Some(cursor.integer(what)?)
        }
        TokenKind::LeftParenthesis => {
            cursor.advance();
            let bytes = cursor.integer(what)?;
            cursor.expect_kind(TokenKind::RightParenthesis, ") after the number")?;
            Some(bytes)
        }
        _ => None,
    };
    Ok(Statement::CacheSize(bytes))
}
