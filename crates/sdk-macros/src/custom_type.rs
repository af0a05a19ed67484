//! `#[custom_type]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemImpl, Result};

use crate::implementation::{Implementation, export, json, manifest};
use crate::options::Options;

pub(crate) fn expand(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options, &["name", "operators"])?;
    let implementation = Implementation::of(item, "CustomType")?;
    let name = options.name.clone().unwrap_or_else(|| implementation.default_name());
    let (encode, decode) = (implementation.export("encode"), implementation.export("decode"));
    let Implementation { implementor, cfgs, .. } = &implementation;
    let stored = quote_spanned! {implementor.span()=>
        <#implementor as commensal::CustomType>::Stored
    };
    let head = format!("{{\"type\":{{\"name\":{},\"base\":\"", json(&name));
    let operators: Vec<_> = options
        .operators
        .iter()
        .map(|(op, function)| format!("{{\"op\":{},\"function\":{}}}", json(op), json(function)))
        .collect();
    let tail = format!(
        "\",\"params\":[],\"encode\":{},\"decode\":{},\"operators\":[{}]}}}}\n",
        json(&encode),
        json(&decode),
        operators.join(",")
    );
    let manifest = manifest(&[quote!(&[#head, commensal::result::<#stored>(), #tail])]);
    let method = |method: TokenStream| {
        quote! {
            let result = <#implementor as commensal::CustomType>::#method(arguments.get(0)?);
            ::core::result::Result::Ok(commensal::IntoOutput::into_output(result))
        }
    };
    let encode = export(&name, &encode, 1, &method(quote!(encode)));
    let decode = export(&format!("{name}_decode"), &decode, 1, &method(quote!(decode)));
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;
            #manifest
            #encode
            #decode
        };
    })
}
