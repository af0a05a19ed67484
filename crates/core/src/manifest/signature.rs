//! Parameters and results of functions, as a manifest declares them.

use std::fmt;

use crate::quote::quoted;
use crate::value::StorageClass;

/// Largest number of parameters: the limit of the oldest supported versions of SQLite
/// ([SQLITE_MAX_FUNCTION_ARG](https://www.sqlite.org/limits.html#max_function_arg)).
pub const PARAMS_MAX: usize = 127;

/// The values that a parameter accepts. Written `text`, `text?` or `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    /// The storage class; `None` for any. Never NULL.
    pub class: Option<StorageClass>,
    /// Whether NULL is passed to the guest. Always true for `any` in a manifest.
    pub nullable: bool,
}

impl Param {
    /// Accepts everything.
    pub const ANY: Self = Self { class: None, nullable: true };

    /// Reads `class` or `class?`.
    fn parse(text: &str) -> Option<Self> {
        let (name, nullable) = match text.strip_suffix('?') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let class = class(name)?;
        Some(Self { class, nullable: nullable || class.is_none() })
    }
}

/// The storage class of this name in a manifest; `Some(None)` for any.
pub(super) fn class(name: &str) -> Option<Option<StorageClass>> {
    Some(Some(match name {
        "integer" => StorageClass::Integer,
        "real" => StorageClass::Real,
        "text" => StorageClass::Text,
        "blob" => StorageClass::Blob,
        "any" => return Some(None),
        _ => return None,
    }))
}

/// The name of a storage class in a manifest.
pub(super) fn class_name(class: Option<StorageClass>) -> &'static str {
    match class {
        Some(StorageClass::Integer) => "integer",
        Some(StorageClass::Real) => "real",
        Some(StorageClass::Text) => "text",
        Some(StorageClass::Blob) => "blob",
        Some(StorageClass::Null) | None => "any",
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(class_name(self.class))?;
        if self.nullable && self.class.is_some() { f.write_str("?") } else { Ok(()) }
    }
}

/// How the host passes arguments and result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallForm {
    /// As records in memory. Every signature can have it.
    #[default]
    Records,
    /// As WebAssembly's own parameters and result. Every parameter has a class and is not NULL, and so has the result,
    /// which may be NULL.
    Native,
}

impl CallForm {
    /// The form of this name in a manifest.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "records" => Ok(Self::Records),
            "native" => Ok(Self::Native),
            _ => Err(format!("\"call\" is {}; known are records and native", quoted(name))),
        }
    }
}

/// Parameters and result of a function or an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The parameters that every call has.
    pub params: Vec<Param>,
    /// The type of any number of further arguments, maybe none; `None` if there may be no further arguments.
    pub variadic: Option<Param>,
    /// The storage class of results; any if absent. NULL is always allowed.
    pub returns: Option<StorageClass>,
    /// How arguments and result are passed.
    pub form: CallForm,
}

impl Signature {
    /// Any number of any arguments and any result, for functions that no manifest declares.
    pub const ANY: Self = Self {
        params: Vec::new(),
        variadic: Some(Param::ANY),
        returns: None,
        form: CallForm::Records,
    };

    /// That of a function that orders two texts.
    pub(crate) fn of_order(form: CallForm) -> Self {
        let text = Param { class: Some(StorageClass::Text), nullable: false };
        Self { params: vec![text; 2], variadic: None, returns: Some(StorageClass::Integer), form }
    }

    /// The argument count for SQLite; [`VARIADIC`](crate::abi::VARIADIC) for any.
    pub fn argument_count(&self) -> i32 {
        match self.variadic {
            Some(_) => crate::abi::VARIADIC,
            None => self.params.len() as i32,
        }
    }

    /// The parameter at this position, from 0; `None` if the argument is one too many.
    #[inline]
    pub fn param(&self, position: usize) -> Option<Param> {
        self.params.get(position).copied().or(self.variadic)
    }

    /// Reads the elements of `params`. The error names the wrong one and the reason.
    pub(super) fn parse(params: &[String], returns: Option<&str>) -> Result<Self, String> {
        let (params, last) = match params.split_last() {
            Some((last, params)) if last.ends_with("...") => (params, Some(last.as_str())),
            _ => (params, None),
        };
        if params.len() > PARAMS_MAX {
            return Err(format!(
                "has {} parameters, more than the {PARAMS_MAX} that SQLite allows",
                params.len()
            ));
        }
        let read = |(i, text): (usize, &str)| {
            let variadic = text.ends_with("...");
            Param::parse(text).ok_or_else(|| {
                let (i, text) = (i + 1, quoted(text));
                if variadic {
                    return format!("parameter {i} is {text}, but only the last can be variadic");
                }
                format!(
                    "parameter {i} is {text}; known are integer, real, text, blob and any, with \
                     \"?\" after it to allow NULL, and \"...\" at the end of the last to allow any \
                     number"
                )
            })
        };
        let variadic = match last {
            None => None,
            Some("...") => Some(Param::ANY),
            Some(last) => Some(read((params.len(), &last[..last.len() - 3]))?),
        };
        let params =
            params.iter().map(String::as_str).enumerate().map(read).collect::<Result<_, _>>()?;
        let returns = match returns {
            None => None,
            // A result may always be NULL, so "?" means nothing here, but authors may write it.
            Some(text) => Param::parse(text).map(|p| p.class).ok_or_else(|| {
                format!(
                    "\"returns\" is {}; known are integer, real, text, blob and any",
                    quoted(text)
                )
            })?,
        };
        Ok(Self { params, variadic, returns, form: CallForm::Records })
    }
}
