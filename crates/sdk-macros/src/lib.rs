//! The attribute macros of `commensal-sdk`, which re-exports them.
//!
//! They see only syntax. The traits of `commensal-sdk` decide which types can be parameters and results,
//! and how the manifest names them.

mod aggregate;
mod collation;
mod custom_type;
mod expand;
mod implementation;
mod native;
mod options;
mod signature;
mod symbols;
mod table;
mod virtual_table;

use proc_macro::TokenStream;
use syn::{ItemFn, ItemImpl, parse_macro_input};

use crate::options::Options;
use crate::signature::Signature;

/// Makes a function callable from SQL. `commensal_sdk::function` documents it.
#[proc_macro_attribute]
pub fn function(options: TokenStream, item: TokenStream) -> TokenStream {
    let unchanged = proc_macro2::TokenStream::from(item.clone());
    let function = parse_macro_input!(item as ItemFn);
    let expansion = Options::parse(options.into(), &["name", "deterministic"])
        .and_then(|options| Ok(expand::expand(&options, &Signature::of(&function)?)));
    // The function itself stays, so that a mistake in the attribute is one error and not one for each use.
    let expansion = expansion.unwrap_or_else(|error| error.into_compile_error());
    quote::quote!(#unchanged #expansion).into()
}

/// Makes an aggregate. `commensal_sdk::aggregate` documents it.
#[proc_macro_attribute]
pub fn aggregate(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| aggregate::expand(options.into(), item))
}

/// Makes a collation. `commensal_sdk::collation` documents it.
#[proc_macro_attribute]
pub fn collation(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| collation::expand(options.into(), item))
}

/// Makes a type. `commensal_sdk::custom_type` documents it.
#[proc_macro_attribute]
pub fn custom_type(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| custom_type::expand(options.into(), item))
}

/// The implementation of a trait, unchanged, and what is generated for it.
fn beside(
    item: TokenStream,
    expand: impl FnOnce(&ItemImpl) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let unchanged = proc_macro2::TokenStream::from(item.clone());
    let item = parse_macro_input!(item as ItemImpl);
    let expansion = expand(&item).unwrap_or_else(|error| error.into_compile_error());
    quote::quote!(#unchanged #expansion).into()
}

/// Makes a type a table function of SQL. `commensal_sdk::table_function` documents it.
#[proc_macro_attribute]
pub fn table_function(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| table::function(options.into(), item))
}

/// Makes a type a virtual table of SQL. `commensal_sdk::virtual_table` documents it.
#[proc_macro_attribute]
pub fn virtual_table(options: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item| virtual_table::expand(options.into(), item))
}
