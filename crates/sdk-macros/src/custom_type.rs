//! `#[custom_type]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemImpl, Result};

use crate::implementation::{Implementation, export, json, manifest};
use crate::options::Options;

pub(crate) fn expand(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options, &["name", "operators"])?;
    let implementation = Implementation::of_any(item, &["CustomType", "ParametricType"])?;
    let name = options.name.clone().unwrap_or_else(|| implementation.default_name());
    let (encode, decode) = (implementation.export("encode"), implementation.export("decode"));
    let Implementation { implementor, cfgs, .. } = &implementation;
    let has_params = implementation.of == "ParametricType";
    let of = format_ident!("{}", implementation.of);
    let ty = quote_spanned!(implementor.span()=> <#implementor as commensal::#of>);
    let params = if has_params { quote!(#ty::Params<'static>) } else { quote!(()) };
    let params = quote!(<#params as commensal::FromArguments<'static>>);
    let head = format!("{{\"type\":{{\"name\":{},\"base\":\"", json(&name));
    let operators: Vec<_> = options
        .operators
        .iter()
        .map(|(op, function)| format!("{{\"op\":{},\"function\":{}}}", json(op), json(function)))
        .collect();
    let tail = format!(
        "],\"encode\":{},\"decode\":{},\"operators\":[{}]}}}}\n",
        json(&encode),
        json(&decode),
        operators.join(",")
    );
    let manifest = manifest(&[
        quote!(&[#head, commensal::result::<#ty::Stored>(), "\",\"params\":["]),
        quote!(#params::PARAMS),
        quote!(&[#tail]),
    ]);
    let count = quote!(1 + #params::COUNT);
    let rest =
        has_params.then(|| quote!(, commensal::FromArguments::from_arguments(*arguments, 1)?));
    let method = |method: TokenStream| {
        quote! {
            let result = #ty::#method(arguments.get(0)? #rest);
            ::core::result::Result::Ok(commensal::IntoOutput::into_output(result))
        }
    };
    let encode = export(&name, &encode, &count, &method(quote!(encode)));
    let decode = export(&format!("{name}_decode"), &decode, &count, &method(quote!(decode)));
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;
            #manifest

            const _: () = assert!(
                !#params::VARIADIC,
                "the number of a type's parameters is fixed: `Rest` cannot be one"
            );

            #encode
            #decode
        };
    })
}
