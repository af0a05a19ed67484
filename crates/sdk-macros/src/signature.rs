//! Decides from syntax which functions can be SQL functions.

use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Error, FnArg, GenericParam, Ident, ItemFn, Lifetime, Result, ReturnType, Type,
    TypeReference, parse_quote,
};

/// [SQLite's default limit](https://www.sqlite.org/limits.html#max_function_arg) on the number of
/// arguments.
const PARAMETERS_MAX: usize = 127;

/// The checked signature of a function.
pub(crate) struct Signature {
    pub(crate) ident: Ident,
    /// The `#[cfg]`s that the generated items need as well.
    pub(crate) cfgs: Vec<Attribute>,
    /// Types of the parameters without the variadic one, with every lifetime `'static`.
    pub(crate) parameters: Vec<Type>,
    /// Type of the elements of the variadic parameter, with every lifetime `'static`.
    pub(crate) variadic: Option<Type>,
    /// Type of the result, with every lifetime `'static`.
    pub(crate) result: Type,
}

impl Signature {
    pub(crate) fn of(function: &ItemFn) -> Result<Self> {
        check_qualifiers(function)?;
        check_attributes(&function.attrs)?;
        let mut parameters = Vec::new();
        let mut variadic = None;
        for input in &function.sig.inputs {
            let r#type = parameter_type(input)?;
            if let Some(last) = &variadic {
                return Err(Error::new_spanned(
                    last,
                    "a slice parameter takes all remaining arguments, so it has to be the last one",
                ));
            }
            match slice_element(r#type) {
                Some(_) => variadic = Some(r#type.clone()),
                None => parameters.push(with_static_lifetimes(r#type)),
            }
        }
        let count = function.sig.inputs.len();
        if count > PARAMETERS_MAX {
            return Err(Error::new_spanned(
                &function.sig.inputs,
                format!("{count} parameters; SQL functions have at most {PARAMETERS_MAX}"),
            ));
        }
        Ok(Self {
            ident: function.sig.ident.clone(),
            cfgs: function.attrs.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect(),
            parameters,
            variadic: variadic.as_ref().and_then(slice_element).map(with_static_lifetimes),
            result: result_type(&function.sig.output)?,
        })
    }
}

/// Refuses a function that SQL cannot call.
fn check_qualifiers(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(token) = &signature.asyncness {
        return Err(Error::new_spanned(token, "an SQL function cannot be async: SQL waits for it"));
    }
    if let Some(token) = &signature.unsafety {
        return Err(Error::new_spanned(token, "an SQL function cannot be unsafe: SQL may call it"));
    }
    if let Some(abi) = &signature.abi {
        return Err(Error::new_spanned(
            abi,
            "an SQL function is an ordinary function: the export is made for it",
        ));
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            return Err(Error::new_spanned(
                parameter,
                "an SQL function cannot be generic; `Value` and `ValueRef` take any type",
            ));
        }
    }
    Ok(())
}

fn check_attributes(attributes: &[Attribute]) -> Result<()> {
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else { continue };
        if last.ident == "function" {
            return Err(Error::new_spanned(attribute, "the function has this attribute already"));
        }
        if last.ident == "test" {
            return Err(Error::new_spanned(attribute, "a test cannot be an SQL function"));
        }
    }
    Ok(())
}

fn parameter_type(input: &FnArg) -> Result<&Type> {
    let r#type = match input {
        FnArg::Receiver(receiver) => {
            return Err(Error::new_spanned(
                receiver,
                "a method cannot be an SQL function: SQL has no `self`; use a free function",
            ));
        }
        FnArg::Typed(typed) => &*typed.ty,
    };
    check_type(r#type)?;
    Ok(r#type)
}

fn result_type(output: &ReturnType) -> Result<Type> {
    match output {
        ReturnType::Default => Ok(parse_quote!(())),
        ReturnType::Type(_, r#type) => {
            if let Type::ImplTrait(_) = &**r#type {
                return Err(Error::new_spanned(r#type, "the result needs a type with a name"));
            }
            Ok(with_static_lifetimes(r#type))
        }
    }
}

/// Refuses a type that no parameter can have, if the compiler's own message would not help.
fn check_type(r#type: &Type) -> Result<()> {
    match r#type {
        Type::ImplTrait(_) => Err(Error::new_spanned(
            r#type,
            "an SQL function cannot be generic; `Value` and `ValueRef` take any type",
        )),
        Type::Reference(TypeReference { mutability: Some(_), .. }) => Err(Error::new_spanned(
            r#type,
            "an SQL function cannot change its arguments: take `&str`, `&[u8]` or an owned value",
        )),
        Type::Reference(TypeReference { lifetime: Some(lifetime), .. })
            if lifetime.ident == "static" =>
        {
            Err(Error::new(
                lifetime.span(),
                "arguments live as long as the call: leave `'static` out",
            ))
        }
        _ => Ok(()),
    }
}

/// The `T` of `&[T]`, which takes any number of arguments. `&[u8]` is a blob instead.
fn slice_element(r#type: &Type) -> Option<&Type> {
    let Type::Reference(reference) = r#type else { return None };
    let Type::Slice(slice) = &*reference.elem else { return None };
    match &*slice.elem {
        Type::Path(path) if path.path.is_ident("u8") => None,
        element => Some(element),
    }
}

/// The type in a form that can be named outside of the function.
fn with_static_lifetimes(r#type: &Type) -> Type {
    struct Static;
    impl VisitMut for Static {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            *lifetime = Lifetime::new("'static", lifetime.span());
        }
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            let span = reference.and_token.span();
            reference.lifetime = Some(Lifetime::new("'static", span));
            self.visit_type_mut(&mut reference.elem);
        }
    }
    let mut r#type = r#type.clone();
    Static.visit_type_mut(&mut r#type);
    r#type
}
