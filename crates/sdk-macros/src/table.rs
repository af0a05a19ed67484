//! What `#[table_function(…)]` generates beside the impl block: three exports and the manifest fragment.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemImpl, Result, Type};

use crate::implementation::{self, Implementation, json};
use crate::options::Options;

/// Generates the exports and the manifest fragment.
pub(crate) fn function(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let span = options.span();
    let options = Options::parse(options, &["name", "columns", "arguments"])?;
    let name = options.name.as_deref().ok_or_else(|| unnamed(span))?;
    let implementation = Implementation::of(item, "TableFunction")?;
    if options.columns.is_empty() {
        let message = "a table function needs columns: `columns(\"…\", …)`";
        return Err(Error::new_spanned(&item.self_ty, message));
    }
    let (stem, cfgs) = (&implementation.ident, &implementation.cfgs);
    let manifest = manifest(&options, name, stem, &item.self_ty);
    let table = &item.self_ty;
    let arguments = quote!(<#table as commensal::TableFunction>::Arguments<'static>);
    let exports = ["open", "next", "close"].map(|method| {
        let export = format!("{stem}.{method}");
        let function = format_ident!("export_{method}");
        let (count, body) = match method {
            "open" => (
                quote!(<#arguments as commensal::FromArguments<'static>>::COUNT),
                quote!(tables.open(arguments)),
            ),
            "next" => (quote!(2), quote!(commensal::table::next(tables, arguments))),
            _ => (quote!(1), quote!(tables.close(arguments))),
        };
        quote! {
            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #export)]
            unsafe extern "C" fn #function(argc: i32, argv: i32) -> i32 {
                let count = commensal::Count::Exactly(#count);
                let method = |tables: &mut commensal::OpenTables<#table>,
                              arguments: &commensal::Arguments<'_>| #body;
                // SAFETY: the host calls exports as ABI version 1 says, and only these exports use `OPEN`.
                unsafe { commensal::call_states(#name, count, argc, argv, &OPEN, method) }
            }
        }
    });
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;

            #manifest

            #[cfg(target_arch = "wasm32")]
            static OPEN: commensal::Single<commensal::OpenTables<#table>> =
                commensal::Single::new(commensal::OpenTables::new());

            #(#exports)*

            #[cfg(not(target_arch = "wasm32"))]
            {
                let _ = commensal::OpenTables::<#table>::open;
            }
        };
    })
}

/// The error for a table without a name.
pub(crate) fn unnamed(options: Span) -> Error {
    Error::new(options, "a table needs a name: `name = \"…\"`")
}

fn manifest(options: &Options, name: &str, stem: &str, table: &Type) -> TokenStream {
    let (count, arguments) = (options.columns.len(), options.arguments.len());
    let head = format!("{{\"table\":{{\"name\":{},\"columns\":[", json(name));
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
    implementation::manifest(&[quote!(&[#(#parts,)*])])
}
