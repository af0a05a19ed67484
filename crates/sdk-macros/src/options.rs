//! The options in `#[function(…)]` and its like.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Result, Token, parenthesized, token};

/// SQLite accepts no longer function names.
const NAME_BYTES_MAX: usize = 255;

/// What an attribute asks for.
#[derive(Default)]
pub(crate) struct Options {
    /// The name in SQL, if it is not that of the function.
    pub(crate) name: Option<String>,
    /// Whether the author promises determinism.
    pub(crate) deterministic: bool,
    /// Operators of a type and the SQL names of the functions that compute them.
    pub(crate) operators: Vec<(String, String)>,
}

struct Entry {
    key: Ident,
    value: Option<LitStr>,
    /// `key("…" = "…", …)`
    pairs: Vec<(LitStr, LitStr)>,
}

/// `"…" = "…"`
struct Pair(LitStr, LitStr);

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let left = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self(left, input.parse()?))
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let (mut value, mut pairs) = (None, Vec::new());
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            value = Some(input.parse()?);
        } else if input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            let parsed = Punctuated::<Pair, Token![,]>::parse_terminated(&content)?;
            pairs = parsed.into_iter().map(|Pair(left, right)| (left, right)).collect();
        }
        Ok(Self { key, value, pairs })
    }
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        Self::parse_only(tokens, &["name", "deterministic"])
    }

    /// Reads options of which only these are known.
    pub(crate) fn parse_only(tokens: TokenStream, known: &[&str]) -> Result<Self> {
        let entries = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut options = Self::default();
        for Entry { key, value, pairs } in entries {
            let text = key.to_string();
            let text = if known.contains(&text.as_str()) { text.as_str() } else { "" };
            let duplicate = match (text, value) {
                ("operators", None) if !pairs.is_empty() => {
                    let pairs = pairs
                        .iter()
                        .map(|(op, function)| Ok((op.value(), checked_name(function)?)));
                    let operators = pairs.collect::<Result<_>>()?;
                    !std::mem::replace(&mut options.operators, operators).is_empty()
                }
                ("operators", _) => {
                    let message = "`operators` has a list: `operators(\"<\" = \"function\")`";
                    return Err(Error::new(key.span(), message));
                }
                ("name", Some(name)) => options.name.replace(checked_name(&name)?).is_some(),
                ("name", None) => {
                    return Err(Error::new(key.span(), "`name` needs a value: `name = \"…\"`"));
                }
                ("deterministic", None) => std::mem::replace(&mut options.deterministic, true),
                ("deterministic", Some(value)) => {
                    return Err(Error::new(
                        value.span(),
                        "`deterministic` has no value: leave it out for a function that is not",
                    ));
                }
                _ => {
                    let known: Vec<_> = known.iter().map(|option| form(option)).collect();
                    let known = match known.as_slice() {
                        [only] => format!("known is {only}"),
                        [first @ .., last] => format!("known are {} and {last}", first.join(", ")),
                        [] => "there are none".to_owned(),
                    };
                    let message = format!("unknown option `{key}`; {known}");
                    return Err(Error::new(key.span(), message));
                }
            };
            if duplicate {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
        }
        Ok(options)
    }
}

/// How an option is written.
fn form(option: &str) -> &'static str {
    match option {
        "name" => "`name = \"…\"`",
        "operators" => "`operators(\"<\" = \"…\")`",
        _ => "`deterministic`",
    }
}

pub(crate) fn checked_name(literal: &LitStr) -> Result<String> {
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
