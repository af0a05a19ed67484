//! What `#[function]` generates beside the function.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::implementation::{self, json};
use crate::native::Native;
use crate::options::Options;
use crate::signature::Signature;
use crate::symbols;

/// Generates the export and the manifest fragment.
///
/// Everything that needs no WebAssembly linker is also compiled natively, so that mistakes show there.
pub(crate) fn expand(options: &Options, signature: &Signature) -> TokenStream {
    let Signature { ident, cfgs, .. } = signature;
    let own_name = ident.unraw().to_string();
    let name = options.name.as_deref().unwrap_or(&own_name);
    let export = symbols::export_name(&own_name);
    let native = Native::of(signature);
    let manifest = manifest(options, signature, native.as_ref(), name, &export);
    let invoke = invoke(signature);
    let fixed = signature.parameters.len();
    let count = match signature.variadic {
        Some(_) => quote!(AtLeast(#fixed)),
        None => quote!(Exactly(#fixed)),
    };
    let entry = match &native {
        Some(native) => native.entry(signature, name),
        None => quote! {
            unsafe extern "C" fn export(argc: i32, argv: i32) -> i32 {
                // SAFETY: the host calls exports as ABI version 1 says.
                unsafe { commensal::call(#name, commensal::Count::#count, argc, argv, invoke) }
            }
        },
    };
    quote! {
        #(#cfgs)*
        const _: () = {
            use ::commensal_sdk::export as commensal;

            #manifest
            #invoke

            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #export)]
            #entry

            #[cfg(not(target_arch = "wasm32"))]
            {
                let _ = (commensal::Count::#count, invoke);
            }
        };
    }
}

/// Generates the function that reads the arguments, calls the user's function and wraps its result.
fn invoke(signature: &Signature) -> TokenStream {
    let ident = &signature.ident;
    let fixed = signature
        .parameters
        .iter()
        .enumerate()
        .map(|(index, r#type)| quote_spanned!(r#type.span()=> arguments.get(#index)?));
    let names: Vec<_> =
        (0..signature.parameters.len()).map(|index| format_ident!("argument_{index}")).collect();
    let (rest, rest_argument, own) = match &signature.variadic {
        Some(element) => {
            let index = signature.parameters.len();
            (
                quote_spanned!(element.span()=> let rest = arguments.rest(#index)?;),
                quote!(&rest),
                // The result may borrow from `rest`.
                quote!(.into_owned()),
            )
        }
        None => Default::default(),
    };
    let span = signature.result.span();
    // The compiler should report a wrong result type at the type.
    let (result, output) = (
        quote_spanned!(span=> result),
        quote_spanned!(span=> commensal::IntoOutput::into_output(result)),
    );
    quote! {
        #[inline]
        fn invoke<'a>(
            arguments: &commensal::Arguments<'a>,
        ) -> ::core::result::Result<commensal::Output<'a>, commensal::String> {
            #(let #names = #fixed;)*
            #rest
            let #result = #ident(#(#names,)* #rest_argument);
            ::core::result::Result::Ok(#output #own)
        }
    }
}

/// Generates the manifest fragment.
fn manifest(
    options: &Options,
    signature: &Signature,
    native: Option<&Native>,
    name: &str,
    export: &str,
) -> TokenStream {
    let mut parts = Vec::new();
    let head = format!(
        "{{\"function\":{{\"name\":{},\"export\":{},\"params\":[",
        json(name),
        json(export)
    );
    parts.push(quote!(#head));
    let types = signature.parameters.iter().map(|r#type| (r#type, "\""));
    let variadic = signature.variadic.iter().map(|r#type| (r#type, "...\""));
    for (index, (r#type, end)) in types.chain(variadic).enumerate() {
        let start = if index == 0 { "\"" } else { ",\"" };
        let name = quote_spanned!(r#type.span()=> commensal::parameter::<#r#type>());
        parts.push(quote!(#start, #name, #end));
    }
    let result = &signature.result;
    let result = quote_spanned!(result.span()=> commensal::result::<#result>());
    let call = if native.is_some() { "\"call\":\"native\"," } else { "" };
    let tail = format!("\",{call}\"deterministic\":{}}}}}\n", options.deterministic);
    implementation::manifest(&[quote!(&[#(#parts,)* "],\"returns\":\"", #result, #tail])])
}
