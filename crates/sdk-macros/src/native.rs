//! The native form of an export: WebAssembly's own parameters and result in place of records. A function has it if its
//! types are Rust's own and known from syntax; the author need not know.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, Path, PathArguments, Type};

use crate::signature::Signature;

/// Most words of the parameters; the host takes no more.
const WORDS_MAX: usize = 16;

/// A storage class that syntax tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Integer,
    Real,
    Text,
    Blob,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Blob => "blob",
        }
    }

    const fn words(self) -> usize {
        match self {
            Self::Integer | Self::Real => 1,
            Self::Text | Self::Blob => 2,
        }
    }
}

/// The classes of a function's parameters and result.
pub(crate) struct Native {
    parameters: Vec<Class>,
    result: Class,
}

impl Native {
    /// `None` for a function that is called with records.
    pub(crate) fn of(signature: &Signature) -> Option<Self> {
        if signature.variadic.is_some() {
            return None;
        }
        let parameters: Vec<_> = signature.parameters.iter().map(own).collect::<Option<_>>()?;
        let words: usize = parameters.iter().map(|class| class.words()).sum();
        (words <= WORDS_MAX).then_some(())?;
        Some(Self { parameters, result: result(&signature.result)? })
    }

    /// The exported function.
    pub(crate) fn entry(&self, signature: &Signature, name: &str) -> TokenStream {
        let mut parameters = TokenStream::new();
        let mut arguments = TokenStream::new();
        let mut checks = TokenStream::new();
        for (index, (class, r#type)) in
            self.parameters.iter().zip(&signature.parameters).enumerate()
        {
            let (value, bytes) =
                (format_ident!("argument_{index}"), format_ident!("bytes_{index}"));
            match class {
                Class::Integer => {
                    parameters.extend(quote!(#value: i64,));
                    arguments.extend(quote!(commensal::Argument::integer(#value),));
                }
                Class::Real => {
                    parameters.extend(quote!(#value: f64,));
                    arguments.extend(quote!(commensal::Argument::real(#value),));
                }
                Class::Text => {
                    parameters.extend(quote!(#value: i32, #bytes: i32,));
                    arguments.extend(quote!(commensal::Argument::text(#value, #bytes),));
                }
                Class::Blob => {
                    parameters.extend(quote!(#value: i32, #bytes: i32,));
                    arguments.extend(quote!(commensal::Argument::blob(#value, #bytes),));
                }
            }
            let name = class.name();
            checks.extend(quote_spanned!(r#type.span()=> assert!(
                commensal::is_class(commensal::parameter::<#r#type>(), #name),
                "a type with the name of one of Rust's own has to be of the same class"
            );));
        }
        let (class, r#type) = (self.result.name(), &signature.result);
        checks.extend(quote_spanned!(r#type.span()=> assert!(
            commensal::is_class(commensal::result::<#r#type>(), #class),
            "a type with the name of one of Rust's own has to be of the same class"
        );));
        let (result, into) = match self.result {
            Class::Integer => (quote!(i64), format_ident!("native_integer")),
            Class::Real => (quote!(f64), format_ident!("native_real")),
            Class::Text | Class::Blob => (quote!(i64), format_ident!("native_bytes")),
        };
        quote! {
            unsafe extern "C" fn export(#parameters) -> #result {
                const { #checks }
                // SAFETY: the host calls exports as ABI version 1 says.
                unsafe { commensal::#into(#name, &[#arguments], invoke) }
            }
        }
    }
}

/// The class of a parameter that is not NULL.
fn own(r#type: &Type) -> Option<Class> {
    match r#type {
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => Some(Class::Text),
            Type::Slice(slice) if is_byte(&slice.elem) => Some(Class::Blob),
            _ => None,
        },
        Type::Path(path) if path.qself.is_none() => of_path(&path.path),
        _ => None,
    }
}

fn of_path(path: &Path) -> Option<Class> {
    const INTEGERS: [&str; 9] = ["i64", "i32", "i16", "i8", "u32", "u16", "u8", "usize", "bool"];
    if INTEGERS.iter().any(|name| path.is_ident(name)) {
        return Some(Class::Integer);
    }
    if path.is_ident("f64") || path.is_ident("f32") {
        return Some(Class::Real);
    }
    if path.is_ident("String") {
        return Some(Class::Text);
    }
    let is_bytes = |name: &str| name == "Vec" && first_type(path).is_some_and(is_byte);
    last_name(path).filter(|name| is_bytes(name)).map(|_| Class::Blob)
}

/// The class of a result, which may be NULL or an error.
fn result(r#type: &Type) -> Option<Class> {
    if let Some(class) = own(r#type) {
        return Some(class);
    }
    let Type::Path(path) = r#type else { return None };
    let inner = first_type(&path.path)?;
    match last_name(&path.path)?.as_str() {
        "Option" | "Result" => result(inner),
        "Cow" => match inner {
            Type::Path(path) if path.path.is_ident("str") => Some(Class::Text),
            Type::Slice(slice) if is_byte(&slice.elem) => Some(Class::Blob),
            _ => None,
        },
        _ => None,
    }
}

fn is_byte(r#type: &Type) -> bool {
    matches!(r#type, Type::Path(path) if path.path.is_ident("u8"))
}

fn last_name(path: &Path) -> Option<String> {
    path.segments.last().map(|segment| segment.ident.to_string())
}

/// The first type among the generic arguments.
fn first_type(path: &Path) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(r#type) => Some(r#type),
        _ => None,
    })
}
