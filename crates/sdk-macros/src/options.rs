//! The options in `#[function(…)]`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Result, Token};

/// SQLite accepts no longer function names.
const NAME_BYTES_MAX: usize = 255;

/// What `#[function(…)]` asks for.
#[derive(Default)]
pub(crate) struct Options {
    /// The name in SQL, if it is not that of the function.
    pub(crate) name: Option<String>,
    /// Whether the author promises determinism.
    pub(crate) deterministic: bool,
}

struct Entry {
    key: Ident,
    value: Option<LitStr>,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { key, value })
    }
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let entries = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut options = Self::default();
        for Entry { key, value } in entries {
            let duplicate = match (key.to_string().as_str(), value) {
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
                (unknown, _) => {
                    let message = format!(
                        "unknown option `{unknown}`; known are `name = \"…\"` and `deterministic`"
                    );
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
