//! What a guest may leave in a schema.
//!
//! The program of a statement that makes a table does not show its CHECK constraints, its DEFAULT values and the like.
//! They run later, with the rights of whoever uses the table. So a guest can leave only what it may call itself.

use commensal_core::ddl::lexer::{Lexer, Token, TokenKind};
use commensal_core::ddl::name;
use commensal_core::host::calls::{check_rights, needed_for};
use commensal_core::limits::Capabilities;
use commensal_core::manifest::function_key;
use commensal_core::registry::Callable;
use commensal_core::{Error, Result};

use crate::function_list::{Call, Kind};
use crate::known::{Known, qualified};
use crate::refusal::refusal;
use crate::schema::{SCHEMAS, definition, module_of, shadowed};
use crate::state::ConnectionState;

/// Operators and other words that call the function of this name.
const WORDS: &[&str] =
    &["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "GLOB", "LIKE", "MATCH", "REGEXP"];

/// Whether a statement that changes a schema only adds a table or an index to it.
pub(crate) fn only_adds(sql: &str) -> bool {
    let mut lexer = Lexer::new(sql);
    let is_create = lexer.first().is("CREATE");
    let next = lexer.significant();
    is_create && ["TABLE", "INDEX", "UNIQUE"].iter().any(|word| next.is(word))
}

/// Checks a statement that changes a schema, for a guest with these rights.
///
/// # Errors
/// It leaves something that the guest may not call.
pub(crate) fn check(
    state: &ConnectionState,
    known: &mut Known,
    sql: &str,
    rights: Capabilities,
) -> Result<()> {
    let mut lexer = Lexer::new(sql);
    let is_create = lexer.first().is("CREATE");
    let mut token = lexer.significant();
    while is_create && ["TEMP", "TEMPORARY", "UNIQUE"].iter().any(|word| token.is(word)) {
        token = lexer.significant();
    }
    if is_create && (token.is("TRIGGER") || token.is("VIEW")) {
        return Err(refusal(
            "guests cannot make triggers and views, which run with the rights of whoever uses them",
        ));
    }
    // The options of a virtual table are checked elsewhere.
    if is_create && token.is("VIRTUAL") {
        let module = definition(sql).map(|(module, _)| module);
        return check_module(state, module.as_deref(), rights);
    }
    if !is_create && token.is("TABLE") {
        let mut ahead = lexer;
        let altered = ahead.significant();
        if let Some(name) = qualified(&altered, ahead) {
            let module = module_of(state, SCHEMAS[0], &name)?;
            check_module(state, module.as_deref(), rights)?;
        }
    }
    // How many brackets are open of those after DEFAULT.
    let mut depth = 0_usize;
    // SQLite looks for the functions of a column that is added only when it is used.
    let (adds_column, mut brackets) = (!is_create, 0_usize);
    while token.kind != TokenKind::End {
        let next = lexer.significant();
        match token.kind {
            TokenKind::RightParenthesis => {
                depth = depth.saturating_sub(1);
                brackets = brackets.saturating_sub(1);
            }
            TokenKind::LeftParenthesis => {
                depth += usize::from(depth > 0);
                brackets += 1;
            }
            _ => {}
        }
        if token.is("DEFAULT") && next.kind == TokenKind::LeftParenthesis {
            // The bracket that comes next is counted here.
            depth = 1;
            brackets += 1;
            token = lexer.significant();
            continue;
        }
        if let Some(shadow) = name(&token)
            && let Some(table) = shadowed(state, SCHEMAS[0], &shadow)?
        {
            return Err(refusal(format!(
                "{shadow} is not for guests to make or alter: it belongs to the virtual table {table}"
            )));
        }
        if let Some(function) = function(&token, &next) {
            if depth > 0 {
                return Err(refusal(
                    "guests cannot leave a call in a DEFAULT, whose functions may be those of another connection",
                ));
            }
            let is_known = check_function(state, known, &function.to_ascii_lowercase(), rights)?;
            if !is_known && adds_column && brackets > 0 {
                return Err(refusal(format!(
                    "guests cannot leave a call of {function}() in the schema: there is no such function yet"
                )));
            }
        }
        token = next;
    }
    Ok(())
}

/// Checks the definition of a virtual table that a guest makes or gives another name.
fn check_module(state: &ConnectionState, module: Option<&str>, rights: Capabilities) -> Result<()> {
    let registry = state.registry();
    let entry = module.and_then(|module| registry.table(module));
    match entry.is_some_and(|entry| has_more(&entry.callable, rights)) {
        true => Err(refusal(
            "guests cannot leave a virtual table whose definition has more capabilities than they have",
        )),
        false => Ok(()),
    }
}

/// Whether a definition has capabilities that are not among these.
fn has_more(callable: &Callable, rights: Capabilities) -> bool {
    !callable.object.policy.granted.without(rights).is_empty()
}

/// The function that is called here, if one is.
fn function(token: &Token<'_>, next: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Operator if matches!(token.text, "->" | "->>") => Some(token.text.to_owned()),
        TokenKind::Identifier if WORDS.iter().any(|word| token.is(word)) => {
            Some(token.text.to_owned())
        }
        _ if next.kind == TokenKind::LeftParenthesis => name(token),
        _ => None,
    }
}

/// Checks all functions of this name, which is in ASCII lower case, and gives whether there is any. There may be none,
/// because the name can be that of a type or of a table.
fn check_function(
    state: &ConnectionState,
    known: &mut Known,
    name: &str,
    rights: Capabilities,
) -> Result<bool> {
    let refuse = |why: String| -> Error {
        refusal(format!("guests cannot leave a call of {name}() in the schema: {why}"))
    };
    check_rights(needed_for(name), rights).map_err(refuse)?;
    let registry = state.registry();
    let mut is_known = false;
    for entry in registry.functions().filter(|entry| entry.name().eq_ignore_ascii_case(name)) {
        is_known = true;
        if has_more(&entry.callable, rights) {
            return Err(refuse("it has more capabilities than the guest".to_owned()));
        }
    }
    let is_ours = |call: &Call| {
        let arguments = i32::try_from(call.arguments);
        state.placeholders.has(call)
            || arguments.is_ok_and(|arguments| state.has_slot(&function_key(name, arguments)))
    };
    match known.worst(state, name, is_ours)? {
        None => Ok(is_known),
        Some(Kind::Harmless) => Ok(true),
        Some(_) => Err(refuse("nobody said that it is harmless (SQLITE_INNOCUOUS)".to_owned())),
    }
}
