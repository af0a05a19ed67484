//! What `#[virtual_table(…)]` generates beside the impl block: an export for each method of the block, and
//! the manifest fragment.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Error, ItemImpl, Result, Type};

use crate::implementation::{self, Implementation, json};
use crate::options::Options;
use crate::table::unnamed;

/// The fields of the manifest that every virtual table has.
const ALWAYS: [&str; 7] =
    ["connect", "disconnect", "best_index", "open", "filter", "next", "close"];

/// Fields that a table has if the impl block has a method with that name.
const OPTIONAL: [&str; 13] = [
    "create",
    "destroy",
    "update",
    "begin",
    "sync",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "rollback_to",
    "rename",
    "find_function",
    "overload",
];

/// Generates the exports and the manifest fragment.
pub(crate) fn expand(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let span = options.span();
    let options = Options::parse(options, &["name", "columns", "eponymous"])?;
    let name = options.name.as_deref().ok_or_else(|| unnamed(span))?;
    let implementation = Implementation::of(item, "VirtualTable")?;
    let has = |name: &str| implementation.has(name);
    if options.columns.is_empty() && !(has("declaration") && has("columns")) {
        let message = "a virtual table needs `columns(\"…\", …)`, or the methods `declaration` and \
                       `columns`";
        return Err(Error::new_spanned(&item.self_ty, message));
    }
    if has("find_function") && !has("overload") {
        return Err(Error::new_spanned(&item.self_ty, "`find_function` needs `overload`"));
    }
    let fields: Vec<&str> =
        ALWAYS.into_iter().chain(OPTIONAL.into_iter().filter(|name| has(name))).collect();
    let manifest = manifest(&options, name, &implementation, &fields, item)?;
    let (cfgs, table) = (&implementation.cfgs, &item.self_ty);
    let exports = fields.iter().map(|field| {
        let export = implementation.export(field);
        let function = format_ident!("export_{field}");
        let body = body(field, name, &options, table);
        quote! {
            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #export)]
            unsafe extern "C" fn #function(argc: i32, argv: i32) -> i32 {
                // SAFETY: the host calls exports as ABI version 1 says.
                unsafe { #body }
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
                let _ = <#table as commensal::VirtualTable>::connect;
            }
        };
    })
}

/// Generates the call of the SDK that is the body of an export.
fn body(field: &str, name: &str, options: &Options, table: &Type) -> TokenStream {
    let columns = options.columns.len();
    let declares = columns == 0;
    let named = format!("{name}.{field}");
    match field {
        "connect" => {
            quote!(commensal::table::connect::<#table>(#named, argc, argv, false, #declares))
        }
        "create" => {
            quote!(commensal::table::connect::<#table>(#named, argc, argv, true, #declares))
        }
        "disconnect" => quote!(commensal::table::leave::<#table>(#named, argc, argv, false)),
        "destroy" => quote!(commensal::table::leave::<#table>(#named, argc, argv, true)),
        "filter" => quote!(commensal::table::filter::<#table>(#named, argc, argv)),
        "next" => quote!(commensal::table::next_rows::<#table>(#named, argc, argv)),
        "close" => quote!(commensal::table::close_cursor::<#table>(#named, argc, argv)),
        "open" => quote! {
            commensal::table::table_method::<#table>(
                #named, argc, argv, commensal::table::methods::open::<#table, #columns>
            )
        },
        method => {
            let method = format_ident!("{method}");
            quote! {
                commensal::table::table_method::<#table>(
                    #named, argc, argv, commensal::table::methods::#method::<#table>
                )
            }
        }
    }
}

fn manifest(
    options: &Options,
    name: &str,
    implementation: &Implementation<'_>,
    fields: &[&str],
    item: &ItemImpl,
) -> Result<TokenStream> {
    let mut text = format!("{{\"table\":{{\"name\":{}", json(name));
    if options.eponymous {
        text.push_str(",\"eponymous\":true");
    }
    for (i, column) in options.columns.iter().enumerate() {
        text.push_str(if i == 0 { ",\"columns\":[" } else { "," });
        text.push_str(&self::column(column, item)?);
    }
    if !options.columns.is_empty() {
        text.push(']');
    }
    for field in fields {
        text.push_str(&format!(",\"{field}\":{}", json(&implementation.export(field))));
    }
    text.push_str("}}\n");
    Ok(implementation::manifest(&[quote!(&[#text])]))
}

/// Parses a column: `"name"`, `"name type"` or `"name type hidden"`.
fn column(column: &str, item: &ItemImpl) -> Result<String> {
    const TYPES: [&str; 5] = ["integer", "real", "text", "blob", "any"];
    let words: Vec<&str> = column.split_whitespace().collect();
    let (name, ty, hidden) = match words[..] {
        [name] => (name, "any", false),
        [name, ty] if TYPES.contains(&ty) => (name, ty, false),
        [name, ty, "hidden"] if TYPES.contains(&ty) => (name, ty, true),
        _ => {
            let message = format!(
                "the column \"{column}\" is not of the form \"name\", \"name type\" or \"name type \
                 hidden\"; types are {}",
                TYPES.join(", ")
            );
            return Err(Error::new_spanned(&item.self_ty, message));
        }
    };
    let hidden = if hidden { ",\"hidden\":true" } else { "" };
    Ok(format!("{{\"name\":{},\"type\":\"{ty}\"{hidden}}}", json(name)))
}
