//! The fields of a JSON object, taken one by one. Fields that are left over are refused by name.

use std::collections::{BTreeMap, HashSet};

use super::signature::class;
use super::{CallForm, Column, Eponymous, Json, Operator, Signature, error};
use crate::abi::ABI_VERSION;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::quote::quoted;

/// The fields of an object that were not read yet.
pub(super) struct Fields<'a> {
    pub(super) rest: Vec<(String, Json)>,
    limits: &'a Limits,
    line: usize,
    /// The declared object, for messages: `function "f"`.
    what: String,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        rest: Vec<(String, Json)>,
        limits: &'a Limits,
        line: usize,
        what: String,
    ) -> Self {
        Self { rest, limits, line, what }
    }

    pub(super) fn error(&self, message: impl AsRef<str>) -> Error {
        let separator = if self.what.is_empty() { "" } else { ": " };
        error(format!("manifest, line {}: {}{separator}{}", self.line, self.what, message.as_ref()))
    }

    pub(super) fn fail<T>(&self, message: impl AsRef<str>) -> Result<T> {
        Err(self.error(message))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.iter().any(|(n, _)| n == name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.rest.iter().position(|(n, _)| n == name)?;
        Some(self.rest.swap_remove(at).1)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => {
                self.fail(format!("\"{name}\" must be a string, but is {}", other.kind()))
            }
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Json>>> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::List(list)) => Ok(Some(list)),
            Some(other) => {
                self.fail(format!("\"{name}\" must be an array, but is {}", other.kind()))
            }
        }
    }

    /// Takes a flag that is false if absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(value)) => Ok(value),
            Some(other) => {
                self.fail(format!("\"{name}\" must be true or false, but is {}", other.kind()))
            }
        }
    }

    /// Takes whether a virtual table is eponymous.
    pub(super) fn eponymous(&mut self) -> Result<Eponymous> {
        match self.take("eponymous") {
            None | Some(Json::Bool(false)) => Ok(Eponymous::No),
            Some(Json::Bool(true)) => Ok(Eponymous::Yes),
            Some(Json::Text(text)) if text == "only" => Ok(Eponymous::Only),
            Some(Json::Text(text)) => {
                self.fail(format!("\"eponymous\" is {}; known is \"only\"", quoted(&text)))
            }
            Some(other) => self.fail(format!(
                "\"eponymous\" must be true, false or \"only\", but is {}",
                other.kind()
            )),
        }
    }

    /// Takes a name of SQL or of an export.
    pub(super) fn name(&mut self, field: &str) -> Result<Option<String>> {
        let Some(name) = self.text(field)? else { return Ok(None) };
        let max = self.limits.name_bytes_max;
        if name.is_empty() {
            return self.fail(format!("\"{field}\" is empty"));
        }
        if name.contains('\0') {
            return self.fail(format!("\"{field}\" contains a NUL character"));
        }
        if name.len() > max {
            return self.fail(format!(
                "\"{field}\" has {} bytes, more than name_bytes_max = {max}",
                name.len()
            ));
        }
        Ok(Some(name))
    }

    pub(super) fn required(&mut self, field: &str) -> Result<String> {
        self.name(field)?.ok_or_else(|| self.error(format!("\"{field}\" is missing")))
    }

    /// Takes the name of the declared object. Messages show it from now on.
    pub(super) fn own_name(&mut self) -> Result<String> {
        let name = self.required("name")?;
        self.what = format!("{} {}", self.what, quoted(&name));
        Ok(name)
    }

    /// Takes parameters and result. Each may be anything if absent.
    pub(super) fn signature(&mut self) -> Result<Signature> {
        let returns = self.text("returns")?;
        let params = self.params(&["any..."])?;
        Signature::parse(&params, returns.as_deref()).map_err(|message| self.error(message))
    }

    /// Takes the signature of a scalar function, which also says how it is called.
    pub(super) fn function_signature(&mut self) -> Result<Signature> {
        let mut signature = self.signature()?;
        if let Some(form) = self.text("call")? {
            signature.form = CallForm::parse(&form).map_err(|message| self.error(message))?;
        }
        if signature.form == CallForm::Native {
            signature.check_native().map_err(|message| self.error(message))?;
        }
        Ok(signature)
    }

    /// Takes the elements of `params`, or `absent` if there are none.
    pub(super) fn params(&mut self, absent: &[&str]) -> Result<Vec<String>> {
        let Some(list) = self.list("params")? else {
            return Ok(absent.iter().map(|&p| p.to_owned()).collect());
        };
        list.into_iter()
            .map(|param| match param {
                Json::Text(text) => Ok(text),
                other => {
                    self.fail(format!("a parameter must be a string, but is {}", other.kind()))
                }
            })
            .collect()
    }

    /// Takes the exports among the fields.
    pub(super) fn methods<M: Copy + Ord>(
        &mut self,
        all: &[M],
        field: fn(M) -> &'static str,
    ) -> Result<BTreeMap<M, String>> {
        let mut methods = BTreeMap::new();
        for &method in all {
            if let Some(export) = self.name(field(method))? {
                methods.insert(method, export);
            }
        }
        Ok(methods)
    }

    pub(super) fn need<M: Ord>(
        &self,
        methods: &BTreeMap<M, String>,
        method: M,
        field: &str,
    ) -> Result<()> {
        if methods.contains_key(&method) {
            return Ok(());
        }
        self.fail(format!("\"{field}\" is missing"))
    }

    /// Takes the objects of an array. Messages name each by `what` and its number.
    pub(super) fn objects(&mut self, field: &str, what: &str) -> Result<Vec<Fields<'a>>> {
        let list = self.list(field)?.unwrap_or_default();
        list.into_iter()
            .enumerate()
            .map(|(i, item)| match item {
                Json::Object(object) => {
                    let what = format!("{}: {what} {}", self.what, i + 1);
                    Ok(Fields::new(object, self.limits, self.line, what))
                }
                other => self.fail(format!(
                    "{what} {} must be an object, but is {}",
                    i + 1,
                    other.kind()
                )),
            })
            .collect()
    }

    pub(super) fn columns(&mut self) -> Result<Vec<Column>> {
        let mut names = HashSet::new();
        let mut columns = Vec::new();
        for mut fields in self.objects("columns", "column")? {
            let name = fields.required("name")?;
            if !names.insert(name.to_ascii_lowercase()) {
                return fields.fail(format!("the name {} is taken", quoted(&name)));
            }
            let class = match fields.text("type")? {
                None => None,
                Some(text) => match class(&text) {
                    Some(class) => class,
                    None => {
                        return fields.fail(format!(
                            "\"type\" is {}; known are integer, real, text, blob and any",
                            quoted(&text)
                        ));
                    }
                },
            };
            columns.push(Column { name, class, hidden: fields.flag("hidden")? });
            fields.finish()?;
        }
        Ok(columns)
    }

    pub(super) fn operators(&mut self) -> Result<Vec<Operator>> {
        let mut operators: Vec<Operator> = Vec::new();
        for mut fields in self.objects("operators", "operator")? {
            let operator =
                Operator { op: fields.required("op")?, function: fields.required("function")? };
            if !OPERATORS.contains(&operator.op.as_str()) {
                let known = OPERATORS.join(" ");
                return fields
                    .fail(format!("\"op\" is {}; known are {known}", quoted(&operator.op)));
            }
            if operators.iter().any(|o| o.op == operator.op) {
                return fields.fail(format!("\"{}\" is given twice", operator.op));
            }
            fields.finish()?;
            operators.push(operator);
        }
        Ok(operators)
    }

    /// Refuses fields that are left over.
    pub(super) fn finish(self) -> Result<()> {
        match self.rest.first() {
            None => Ok(()),
            Some((name, _)) => self.fail(format!(
                "unknown field {}; this version of Commensal knows ABI version {ABI_VERSION}, a newer \
                 one may know it",
                quoted(name)
            )),
        }
    }
}

/// Operators that a type can define.
const OPERATORS: [&str; 13] =
    ["<", "<=", ">", ">=", "=", "<>", "+", "-", "*", "/", "%", "||", "->"];
