//! `#[collation]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemImpl, Result};

use crate::implementation::{Implementation, export, json, manifest};
use crate::options::Options;

pub(crate) fn expand(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options, &["name"])?;
    let implementation = Implementation::of(item, "Collation")?;
    let name = options.name.unwrap_or_else(|| implementation.default_name());
    let compare = implementation.export("compare");
    let line =
        format!("{{\"collation\":{{\"name\":{},\"compare\":{}}}}}\n", json(&name), json(&compare));
    let Implementation { implementor, cfgs, .. } = &implementation;
    let manifest = manifest(&[quote!(&[#line])]);
    let body = quote! {
        let ordering = <#implementor as commensal::Collation>::compare(
            arguments.get(0)?,
            arguments.get(1)?,
        );
        ::core::result::Result::Ok(commensal::Output::Integer(ordering as i64))
    };
    let export = export(&name, &compare, &quote!(2), &body);
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;
            #manifest
            #export
        };
    })
}
