//! What `#[aggregate]` generates beside the implementation of the trait: an export for each method, and
//! the manifest fragment.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemImpl, Result};

use crate::implementation::{self, Implementation, json};
use crate::options::Options;

/// Fields of the manifest that every aggregate has. They name exports that the host always calls.
const ALWAYS: [&str; 4] = ["init", "step", "finalize", "drop"];

/// Generates the exports and the manifest fragment.
pub(crate) fn expand(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options, &["name"])?;
    let implementation = Implementation::of(item, "Aggregate")?;
    let fields = fields(&implementation)?;
    let name = options.name.unwrap_or_else(|| implementation.default_name());
    let manifest = manifest(&implementation, &name, &fields);
    let exports = fields.iter().map(|&field| export(&implementation, &name, field));
    let Implementation { implementor, cfgs, .. } = &implementation;
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;

            #manifest

            #[cfg(target_arch = "wasm32")]
            static STATES: commensal::Single<commensal::States<#implementor>> =
                commensal::Single::new(commensal::States::new());

            #(#exports)*
        };
    })
}

/// The manifest fields of this aggregate.
fn fields(implementation: &Implementation<'_>) -> Result<Vec<&'static str>> {
    let (value, inverse) = (implementation.has("value"), implementation.has("inverse"));
    let span = implementation.implementor.span();
    if inverse && !value {
        return Err(Error::new(span, "`inverse` needs `value`: it is for windows"));
    }
    if !value && !implementation.has("finalize") {
        return Err(Error::new(span, "an aggregate needs `finalize`, or `value`"));
    }
    let mut fields = ALWAYS.to_vec();
    fields.extend(value.then_some("value"));
    fields.extend(inverse.then_some("inverse"));
    Ok(fields)
}

fn manifest(implementation: &Implementation<'_>, name: &str, fields: &[&str]) -> TokenStream {
    let r#type = implementation.implementor;
    let head = format!("{{\"aggregate\":{{\"name\":{},\"params\":[", json(name));
    let exports =
        fields.iter().map(|field| format!(",\"{field}\":{}", json(&implementation.export(field))));
    let tail = format!("\"{}}}}}\n", exports.collect::<String>());
    // The compiler should report a wrong type at the implementation.
    let aggregate = quote_spanned!(r#type.span()=> <#r#type as ::commensal_sdk::Aggregate>);
    implementation::manifest(&[
        quote!(&[#head]),
        quote!(<#aggregate::Arguments<'static> as commensal::FromArguments<'static>>::PARAMS),
        quote!(&["],\"returns\":\"", commensal::result::<#aggregate::Output>(), #tail]),
    ])
}

/// Generates the export for one field.
fn export(implementation: &Implementation<'_>, name: &str, field: &str) -> TokenStream {
    let (ident, export) = (implementation.implementor, implementation.export(field));
    let (method, function) = (format_ident!("{field}"), format_ident!("export_{field}"));
    let count = match field {
        "init" => quote!(Exactly(0)),
        "step" | "inverse" => quote!(AtLeast(2)),
        _ => quote!(Exactly(1)),
    };
    quote! {
        #[cfg(target_arch = "wasm32")]
        #[unsafe(export_name = #export)]
        unsafe extern "C" fn #function(argc: i32, argv: i32) -> i32 {
            let count = commensal::Count::#count;
            let method = |states: &mut commensal::States<#ident>, arguments: &commensal::Arguments<'_>| {
                states.#method(arguments)
            };
            // SAFETY: the host calls exports as ABI version 1 says, and only these exports use `STATES`.
            unsafe { commensal::call_states(#name, count, argc, argv, &STATES, method) }
        }
    }
}
