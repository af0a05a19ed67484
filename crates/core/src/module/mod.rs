//! Everything about a module that can be known without running it.
//!
//! One reading serves two uses. [`ModuleInfo::inspect`] collects all problems. [`ModuleInfo::read`], which
//! creating a function uses, fails with the first of them. This module knows no executor, no database engine and
//! no translation of foreign modules.

mod abi;
mod check;
mod compiling;
mod contents;
mod info;
mod items;
mod judge;
mod labels;
mod pack;
mod problem;
mod purpose;
mod read;
mod sections;
pub mod segments;
mod suggest;
mod text;
mod types;
mod weights;
mod work;

pub use abi::Abi;
pub use info::ModuleInfo;
pub use pack::pack;
pub use text::binary;
pub use types::{Export, ExternType, FunctionType, Import, ValType, function_text};

pub(crate) use abi::{TURSO_EXT_INIT, is_callable};
pub(crate) use check::has_type;
pub(crate) use judge::Judgement;
pub(crate) use problem::{error, exceeded};
pub(crate) use types::import_name;
