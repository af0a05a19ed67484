//! The functions of an instance that were resolved so far, for runtimes to keep.

use super::{FunctionId, Shape};
use crate::fault::Fault;

/// The bit of a function's number that says that its shape is not [`Shape::RECORDS`].
const OTHER: u32 = 1 << 31;

/// A function that knows its shape.
pub trait Shaped {
    /// Its shape.
    fn shape(&self) -> Shape<'_>;
}

/// The resolved functions of an instance: `R` of the shape of records, which are called for each row, and `O` of any
/// other shape. Numbers are given in order, so resolving the same functions again gives the same numbers.
pub struct Functions<R, O> {
    records: Vec<(Box<str>, R)>,
    others: Vec<(Box<str>, O)>,
}

impl<R, O> Default for Functions<R, O> {
    fn default() -> Self {
        Self { records: Vec::new(), others: Vec::new() }
    }
}

/// A function of either kind.
pub enum AnyFunction<'a, O> {
    /// One of the shape of records.
    Records,
    /// One of another shape.
    Other(&'a mut O),
}

impl<R, O: Shaped> Functions<R, O> {
    /// The function with this export and shape, if it is resolved.
    pub fn find(&self, export: &str, shape: Shape<'_>) -> Option<FunctionId> {
        if shape == Shape::RECORDS {
            let index = self.records.iter().position(|(name, _)| **name == *export)?;
            return Some(FunctionId(index as u32));
        }
        let is_it =
            |(name, function): &(Box<str>, O)| **name == *export && function.shape() == shape;
        Some(FunctionId(OTHER | self.others.iter().position(is_it)? as u32))
    }

    /// Adds a function of the shape of records.
    pub fn add(&mut self, export: &str, function: R) -> FunctionId {
        self.records.push((export.into(), function));
        FunctionId(self.records.len() as u32 - 1)
    }

    /// Adds a function of another shape.
    pub fn add_other(&mut self, export: &str, function: O) -> FunctionId {
        self.others.push((export.into(), function));
        FunctionId(OTHER | (self.others.len() as u32 - 1))
    }

    /// The function of the shape of records with this number.
    ///
    /// # Errors
    /// A fault if there is none.
    #[inline]
    pub fn records(&self, function: FunctionId) -> Result<&R, Box<Fault>> {
        match self.records.get(function.0 as usize) {
            Some((_, function)) => Ok(function),
            None => Err(foreign()),
        }
    }

    /// The function with this number.
    ///
    /// # Errors
    /// A fault if there is none.
    #[inline]
    pub fn any(&mut self, function: FunctionId) -> Result<AnyFunction<'_, O>, Box<Fault>> {
        if function.0 & OTHER == 0 {
            return self.records(function).map(|_| AnyFunction::Records);
        }
        match self.others.get_mut((function.0 & !OTHER) as usize) {
            Some((_, function)) => Ok(AnyFunction::Other(function)),
            None => Err(foreign()),
        }
    }

    /// Resolves the same functions with `resolve`, for an instance that takes the place of this one.
    ///
    /// # Errors
    /// A fault if one is not found.
    pub fn resolve_again<E>(
        &self,
        mut resolve: impl FnMut(&str, Shape<'_>) -> Result<FunctionId, E>,
    ) -> Result<(), Fault> {
        let records = self.records.iter().map(|(export, _)| (export, Shape::RECORDS));
        let others = self.others.iter().map(|(export, function)| (export, function.shape()));
        for (export, shape) in records.chain(others) {
            let gone = |_| Fault::Runtime(format!("\"{export}\" is gone"));
            resolve(export, shape).map_err(gone)?;
        }
        Ok(())
    }
}

#[cold]
fn foreign() -> Box<Fault> {
    Box::new(Fault::Runtime("the function belongs to another instance".to_owned()))
}

/// The fault of a call with another number of words than the function has parameters.
#[cold]
pub fn wrong_number() -> Box<Fault> {
    Box::new(Fault::Runtime("the function takes another number of parameters".to_owned()))
}
