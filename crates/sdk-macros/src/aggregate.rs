//! What `#[aggregate]` adds beside the implementation of the trait: an export for each method, and the
//! manifest fragment.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, Ident, ImplItem, ItemImpl, Result, Type};

use crate::expand::{json, section};
use crate::options::Options;

/// Fields of the manifest that every aggregate has; the host's calls beside those of the trait.
const ALWAYS: [&str; 4] = ["init", "step", "finalize", "drop"];

/// The exports and the manifest fragment.
pub(crate) fn expand(options: &Options, implementation: &ItemImpl) -> Result<TokenStream> {
    let ident = type_name(implementation)?;
    if options.deterministic {
        return Err(Error::new(
            ident.span(),
            "an aggregate has no `deterministic`: databases do not keep its results",
        ));
    }
    let own_name = ident.unraw().to_string();
    let name = options.name.clone().unwrap_or_else(|| own_name.to_ascii_lowercase());
    let fields = fields(implementation, ident)?;
    let export_of = |field: &str| format!("{own_name}.{field}");
    let cfgs = implementation.attrs.iter().filter(|a| a.path().is_ident("cfg"));
    let manifest = manifest(implementation, &name, &fields, export_of);
    let exports = fields.iter().map(|&field| export(ident, &name, field, &export_of(field)));
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;

            #manifest

            #[cfg(target_arch = "wasm32")]
            static STATES: commensal::Single<commensal::States<#ident>> =
                commensal::Single::new(commensal::States::new());

            #(#exports)*

            #[cfg(not(target_arch = "wasm32"))]
            {
                let _ = MANIFEST;
            }
        };
    })
}

/// The type, which has a name and no parameters: each export is for one type.
fn type_name(implementation: &ItemImpl) -> Result<&Ident> {
    let of_trait = implementation.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
    if of_trait.is_none_or(|last| last.ident != "Aggregate") {
        let message = "`#[aggregate]` goes on an implementation: `impl Aggregate for …`";
        return Err(Error::new(implementation.impl_token.span(), message));
    }
    if !implementation.generics.params.is_empty() {
        let message = "an aggregate cannot be generic: SQL calls one type";
        return Err(Error::new_spanned(&implementation.generics, message));
    }
    let named = match &*implementation.self_ty {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    };
    named.ok_or_else(|| {
        let message = "the type of an aggregate has a name of one word";
        Error::new_spanned(&implementation.self_ty, message)
    })
}

/// The fields of the manifest that the aggregate has.
fn fields(implementation: &ItemImpl, ident: &Ident) -> Result<Vec<&'static str>> {
    let has = |name: &str| {
        implementation
            .items
            .iter()
            .any(|item| matches!(item, ImplItem::Fn(method) if method.sig.ident == name))
    };
    let (value, inverse) = (has("value"), has("inverse"));
    if inverse && !value {
        return Err(Error::new(ident.span(), "`inverse` needs `value`: it is for windows"));
    }
    if !value && !has("finalize") {
        return Err(Error::new(ident.span(), "an aggregate needs `finalize`, or `value`"));
    }
    let mut fields = ALWAYS.to_vec();
    fields.extend(value.then_some("value"));
    fields.extend(inverse.then_some("inverse"));
    Ok(fields)
}

fn manifest(
    implementation: &ItemImpl,
    name: &str,
    fields: &[&str],
    export_of: impl Fn(&str) -> String,
) -> TokenStream {
    let r#type = &implementation.self_ty;
    let head = format!("{{\"aggregate\":{{\"name\":{},\"params\":[", json(name));
    let exports = fields.iter().map(|field| format!(",\"{field}\":{}", json(&export_of(field))));
    let tail = format!("\"{}}}}}\n", exports.collect::<String>());
    // The compiler's complaint about a wrong type should be at the implementation.
    let aggregate = quote_spanned!(r#type.span()=> <#r#type as ::commensal_sdk::Aggregate>);
    let section = section();
    quote! {
        const MANIFEST: &[&[&str]] = &[
            &[commensal::HEADER, #head],
            <#aggregate::Arguments<'static> as commensal::FromArguments<'static>>::PARAMS,
            &["],\"returns\":\"", commensal::result::<#aggregate::Output>(), #tail],
        ];
        #section
    }
}

/// The export for one field.
fn export(ident: &Ident, name: &str, field: &str, export: &str) -> TokenStream {
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
            // SAFETY: the host calls exports as ABI version 1 says; these exports alone use `STATES`.
            unsafe { commensal::call_states(#name, count, argc, argv, &STATES, method) }
        }
    }
}
