//! What the implementations of all traits for SQL objects have in common.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, ImplItem, ItemImpl, Result, Type};

/// The checked head of `impl Trait for Type`.
pub(crate) struct Implementation<'a> {
    /// The type that implements the trait.
    pub(crate) implementor: &'a Type,
    /// The last name of the trait.
    pub(crate) of: String,
    /// The last name of that type. The names of exports begin with it.
    pub(crate) ident: String,
    /// The `#[cfg]`s that the generated items need as well.
    pub(crate) cfgs: Vec<&'a Attribute>,
    item: &'a ItemImpl,
}

impl<'a> Implementation<'a> {
    /// Checks that this is an implementation of the trait with this name.
    pub(crate) fn of(item: &'a ItemImpl, expected: &str) -> Result<Self> {
        Self::of_any(item, &[expected])
    }

    /// Checks that this is an implementation of a trait with one of these names.
    pub(crate) fn of_any(item: &'a ItemImpl, expected: &[&str]) -> Result<Self> {
        let wrong = |span: proc_macro2::Span| {
            let expected: Vec<_> =
                expected.iter().map(|name| format!("`impl {name} for …`")).collect();
            Error::new(span, format!("this attribute belongs on {}", expected.join(" or ")))
        };
        let Some((_, path, _)) = &item.trait_ else { return Err(wrong(item.self_ty.span())) };
        let last = path.segments.last().map(|last| last.ident.to_string());
        let Some(of) = last.filter(|last| expected.contains(&last.as_str())) else {
            return Err(wrong(path.span()));
        };
        if !item.generics.params.is_empty() {
            let message = "an SQL object cannot be generic: implement the trait for one type";
            return Err(Error::new_spanned(&item.generics, message));
        }
        let implementor = &*item.self_ty;
        let Type::Path(named) = implementor else {
            return Err(Error::new_spanned(implementor, "the type needs a name"));
        };
        let ident = match named.path.segments.last() {
            Some(last) if last.arguments.is_empty() => last.ident.unraw().to_string(),
            _ => return Err(Error::new_spanned(implementor, "the type needs a plain name")),
        };
        let cfgs = item.attrs.iter().filter(|a| a.path().is_ident("cfg")).collect();
        Ok(Self { implementor, of, ident, cfgs, item })
    }

    /// The default SQL name of an object: `NaturalSort` becomes `natural_sort`.
    pub(crate) fn default_name(&self) -> String {
        let mut name = String::new();
        for (i, c) in self.ident.chars().enumerate() {
            if c.is_uppercase() && i > 0 {
                name.push('_');
            }
            name.extend(c.to_lowercase());
        }
        name
    }

    /// Whether it implements this method.
    pub(crate) fn has(&self, method: &str) -> bool {
        self.item.items.iter().any(|item| matches!(item, ImplItem::Fn(f) if f.sig.ident == method))
    }

    /// The name of the export of a method.
    pub(crate) fn export(&self, method: &str) -> String {
        format!("{}.{method}", self.ident)
    }
}

/// Generates the export of a method. `body` is a `Result<Output, String>` that uses `arguments`.
pub(crate) fn export(
    sql_name: &str,
    export: &str,
    count: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    quote! {
        const _: () = {
            #[inline]
            fn invoke<'a>(
                arguments: &commensal::Arguments<'a>,
            ) -> ::core::result::Result<commensal::Output<'a>, commensal::String> {
                #body
            }

            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #export)]
            unsafe extern "C" fn export(argc: i32, argv: i32) -> i32 {
                // SAFETY: the host calls exports as ABI version 1 says.
                unsafe {
                    commensal::call(#sql_name, commensal::Count::Exactly(#count), argc, argv, invoke)
                }
            }

            #[cfg(not(target_arch = "wasm32"))]
            {
                let _ = (commensal::Count::Exactly(#count), invoke);
            }
        };
    }
}

/// Generates the constant with a line of the manifest, and on wasm32 the custom section with it. Each of
/// `parts` is an expression of type `&[&str]`.
pub(crate) fn manifest(parts: &[TokenStream]) -> TokenStream {
    quote! {
        const MANIFEST: &[&[&str]] = &[&[commensal::HEADER], #(#parts,)*];

        #[cfg(target_arch = "wasm32")]
        #[used]
        #[unsafe(link_section = "commensal")]
        static SECTION: [u8; commensal::len(MANIFEST)] = commensal::concat(MANIFEST);

        #[cfg(not(target_arch = "wasm32"))]
        {
            let _ = MANIFEST;
        }
    }
}

/// Text as JSON.
pub(crate) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
