//! The options in `#[function(…)]` and the other attributes: one grammar, with a set of options for each.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Result, Token, parenthesized, token};

/// SQLite accepts no longer name of a function.
const NAME_BYTES_MAX: usize = 255;

/// The options of an attribute.
#[derive(Default)]
pub(crate) struct Options {
    /// The name in SQL, if it is not the default.
    pub(crate) name: Option<String>,
    /// Whether the author promises determinism.
    pub(crate) deterministic: bool,
    /// Operators of a type, with the SQL names of the functions that compute them.
    pub(crate) operators: Vec<(String, String)>,
    /// The columns of a table.
    pub(crate) columns: Vec<String>,
    /// The arguments of a table function.
    pub(crate) arguments: Vec<String>,
    /// Whether a virtual table can be used without CREATE VIRTUAL TABLE.
    pub(crate) eponymous: bool,
}

/// An option: its key and its value.
struct Entry {
    key: Ident,
    value: Value,
}

enum Value {
    /// `key`
    None,
    /// `key = "…"`
    Text(LitStr),
    /// `key("…", …)` and `key("…" = "…", …)`
    List(Vec<Item>),
}

/// `"…"` or `"…" = "…"`
struct Item(LitStr, Option<LitStr>);

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let left = input.parse()?;
        let right = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self(left, right))
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Text(input.parse()?)
        } else if input.peek(token::Paren) {
            let list;
            parenthesized!(list in input);
            let items = Punctuated::<Item, Token![,]>::parse_terminated(&list)?;
            Value::List(items.into_iter().collect())
        } else {
            Value::None
        };
        Ok(Self { key, value })
    }
}

impl Options {
    /// Parses options, of which only those in `known` are allowed.
    pub(crate) fn parse(tokens: TokenStream, known: &[&str]) -> Result<Self> {
        let entries = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut options = Self::default();
        let mut given = Vec::new();
        for Entry { key, value } in entries {
            let name = key.to_string();
            if !known.contains(&name.as_str()) {
                return Err(unknown(&key, known));
            }
            if given.contains(&name) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            options.set(&key, value)?;
            given.push(name);
        }
        Ok(options)
    }

    fn set(&mut self, key: &Ident, value: Value) -> Result<()> {
        match (key.to_string().as_str(), value) {
            ("name", Value::Text(name)) => self.name = Some(checked_name(&name)?),
            ("deterministic", Value::None) => self.deterministic = true,
            ("deterministic", Value::Text(value)) => {
                let message =
                    "`deterministic` has no value: leave it out for a function that is not";
                return Err(Error::new(value.span(), message));
            }
            ("eponymous", Value::None) => self.eponymous = true,
            ("columns", Value::List(items)) => self.columns = names(items)?,
            ("arguments", Value::List(items)) => self.arguments = names(items)?,
            ("operators", Value::List(items)) if !items.is_empty() => {
                let pairs = items.into_iter().map(|Item(operator, function)| match function {
                    Some(function) => Ok((operator.value(), checked_name(&function)?)),
                    None => Err(Error::new(operator.span(), needs("operators"))),
                });
                self.operators = pairs.collect::<Result<_>>()?;
            }
            (option, _) => return Err(Error::new(key.span(), needs(option))),
        }
        Ok(())
    }
}

/// The names of a list without values.
fn names(items: Vec<Item>) -> Result<Vec<String>> {
    let name = |Item(name, value): Item| match value {
        None => checked_name(&name),
        Some(value) => Err(Error::new(value.span(), "this is a list of names, without values")),
    };
    items.into_iter().map(name).collect()
}

/// The error for an option that lacks its value.
fn needs(option: &str) -> String {
    let what = match option {
        "name" => "needs a value",
        "deterministic" | "eponymous" => "has no value",
        _ => "has a list",
    };
    format!("`{option}` {what}: {}", form(option))
}

fn unknown(key: &Ident, known: &[&str]) -> Error {
    let known: Vec<_> = known.iter().map(|option| form(option)).collect();
    let known = match known.as_slice() {
        [only] => format!("known is {only}"),
        [first @ .., last] => format!("known are {} and {last}", first.join(", ")),
        [] => "there are none".to_owned(),
    };
    Error::new(key.span(), format!("unknown option `{key}`; {known}"))
}

/// How an option is written.
fn form(option: &str) -> &'static str {
    match option {
        "name" => "`name = \"…\"`",
        "operators" => "`operators(\"<\" = \"function\")`",
        "columns" => "`columns(\"…\")`",
        "arguments" => "`arguments(\"…\")`",
        "eponymous" => "`eponymous`",
        _ => "`deterministic`",
    }
}

fn checked_name(literal: &LitStr) -> Result<String> {
    let name = literal.value();
    let problem = if name.is_empty() {
        "the SQL name is empty".to_owned()
    } else if name.len() > NAME_BYTES_MAX {
        format!("the SQL name has {} bytes; at most {NAME_BYTES_MAX} are possible", name.len())
    } else if name.contains('\0') {
        "the SQL name contains a NUL character".to_owned()
    } else {
        return Ok(name);
    };
    Err(Error::new(literal.span(), problem))
}
