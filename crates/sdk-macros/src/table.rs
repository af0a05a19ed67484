//! What `#[table_function(…)]` adds beside the impl block: three exports and the manifest fragment.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Ident, ItemImpl, LitStr, Result, Token, Type, parenthesized};

use crate::implementation::{self, Implementation, json};
use crate::options::checked_name;

/// What `#[table_function(…)]` and `#[virtual_table(…)]` ask for.
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) eponymous: bool,
}

/// `name = "…"`, `columns("…", …)` or `eponymous`.
struct Entry {
    key: Ident,
    values: Vec<LitStr>,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let values = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            vec![input.parse()?]
        } else if !input.peek(syn::token::Paren) {
            Vec::new()
        } else {
            let list;
            parenthesized!(list in input);
            Punctuated::<LitStr, Token![,]>::parse_terminated_with(&list, |s| s.parse())?
                .into_iter()
                .collect()
        };
        Ok(Self { key, values })
    }
}

impl Options {
    /// Those of a virtual table, or of a table function.
    pub(crate) fn parse(tokens: TokenStream, is_virtual: bool) -> Result<Self> {
        let (mut name, mut columns, mut arguments, mut eponymous) = (None, None, None, None);
        let span = tokens.span();
        for Entry { key, values } in
            Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)?
        {
            let names = values.iter().map(checked_name).collect::<Result<Vec<_>>>()?;
            let place = match (key.to_string().as_str(), is_virtual) {
                ("name", _) => &mut name,
                ("columns", _) => &mut columns,
                ("arguments", false) => &mut arguments,
                ("eponymous", true) => &mut eponymous,
                (unknown, _) => {
                    let last = if is_virtual { "`eponymous`" } else { "`arguments(\"…\")`" };
                    let message = format!(
                        "unknown option `{unknown}`; known are `name = \"…\"`, `columns(\"…\")` and \
                         {last}"
                    );
                    return Err(Error::new(key.span(), message));
                }
            };
            if place.replace(names).is_some() {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
        }
        let [name] = &name.unwrap_or_default()[..] else {
            return Err(Error::new(span, "a table needs a name: `name = \"…\"`"));
        };
        Ok(Self {
            name: name.clone(),
            columns: columns.unwrap_or_default(),
            arguments: arguments.unwrap_or_default(),
            eponymous: eponymous.is_some(),
        })
    }
}

/// The exports and the manifest fragment.
pub(crate) fn function(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options, false)?;
    let implementation = Implementation::of(item, "TableFunction")?;
    if options.columns.is_empty() {
        let message = "a table function needs columns: `columns(\"…\", …)`";
        return Err(Error::new_spanned(&item.self_ty, message));
    }
    let (stem, cfgs) = (&implementation.ident, &implementation.cfgs);
    let manifest = manifest(&options, stem, &item.self_ty);
    let name = &options.name;
    let table = &item.self_ty;
    let exports = ["open", "next", "close"].map(|method| {
        let export = format!("{stem}.{method}");
        let (function, body) = (format_ident!("export_{method}"), format_ident!("{method}"));
        quote! {
            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #export)]
            unsafe extern "C" fn #function(argc: i32, argv: i32) -> i32 {
                // SAFETY: the host calls exports as ABI version 1 says.
                unsafe { commensal::table::#body::<#table>(#name, argc, argv) }
            }
        }
    });
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;

            #manifest
            #(#exports)*

            #[cfg(not(target_arch = "wasm32"))]
            {
                let _ = commensal::OpenTable::<#table>::open;
            }
        };
    })
}

fn manifest(options: &Options, stem: &str, table: &Type) -> TokenStream {
    let (count, arguments) = (options.columns.len(), options.arguments.len());
    let head = format!("{{\"table\":{{\"name\":{},\"columns\":[", json(&options.name));
    let names = options.columns.iter().chain(&options.arguments);
    let columns = names.enumerate().map(|(index, name)| {
        let comma = if index == 0 { "" } else { "," };
        let start = format!("{comma}{{\"name\":{},\"type\":\"", json(name));
        let end = if index < count { "\"}" } else { "\",\"hidden\":true}" };
        let ty = quote_spanned! {table.span()=>
            commensal::column::<#table, #count, #arguments>(#index)
        };
        quote!(#start, #ty, #end)
    });
    let tail = ["open", "next", "close"].map(|method| {
        let export = format!("{stem}.{method}");
        format!(",\"{method}\":{}", json(&export))
    });
    let tail = format!("]{}}}}}\n", tail.concat());
    let head = quote!(#head);
    let parts: Vec<_> = [head].into_iter().chain(columns).chain([quote!(#tail)]).collect();
    implementation::manifest(&parts)
}
