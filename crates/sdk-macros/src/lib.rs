//! The attribute macros of `commensal-sdk`, which re-exports them.
//!
//! They see syntax only. Which types can be parameters and results, and what the manifest calls them,
//! is up to the traits of `commensal-sdk`.

mod aggregate;
mod collation;
mod custom_type;
mod expand;
mod implementation;
mod options;
mod signature;
mod symbols;
mod table;
mod virtual_table;

use proc_macro::TokenStream;
use syn::{ItemFn, ItemImpl, parse_macro_input};

use crate::options::Options;
use crate::signature::Signature;

/// Makes a function callable from SQL: see `commensal_sdk::function`.
#[proc_macro_attribute]
pub fn function(options: TokenStream, item: TokenStream) -> TokenStream {
    let unchanged = proc_macro2::TokenStream::from(item.clone());
    let function = parse_macro_input!(item as ItemFn);
    let expansion = Options::parse(options.into(), &["name", "deterministic"])
        .and_then(|options| Ok(expand::expand(&options, &Signature::of(&function)?)));
    // With the function itself, a mistake in the attribute makes one error, not one more for each use.
    let expansion = expansion.unwrap_or_else(|error| error.into_compile_error());
    quote::quote!(#unchanged #expansion).into()
}

/// Makes an aggregate: see `commensal_sdk::aggregate`.
#[proc_macro_attribute]
pub fn aggregate(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| aggregate::expand(options.into(), item))
}

/// Makes a collation: see `commensal_sdk::collation`.
#[proc_macro_attribute]
pub fn collation(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| collation::expand(options.into(), item))
}

/// Makes a type: see `commensal_sdk::custom_type`.
#[proc_macro_attribute]
pub fn custom_type(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| custom_type::expand(options.into(), item))
}

/// The implementation of a trait as it is, and what is generated for it.
fn beside(
    item: TokenStream,
    expand: impl FnOnce(&ItemImpl) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let unchanged = proc_macro2::TokenStream::from(item.clone());
    let item = parse_macro_input!(item as ItemImpl);
    let expansion = expand(&item).unwrap_or_else(|error| error.into_compile_error());
    quote::quote!(#unchanged #expansion).into()
}

/// Makes a type a table function of SQL: see `commensal_sdk::table_function`.
#[proc_macro_attribute]
pub fn table_function(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| table::function(options.into(), item))
}

/// Makes a type a virtual table of SQL: see `commensal_sdk::virtual_table`.
#[proc_macro_attribute]
pub fn virtual_table(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| virtual_table::expand(options.into(), item))
}
