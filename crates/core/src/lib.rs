//! The engine-neutral host of Commensal. It has everything about functions in WebAssembly, and nothing about a
//! particular database engine or WebAssembly executor.
#![deny(unsafe_code)]

pub mod cache;
pub mod catalog;
pub mod code_cache;
pub mod compile;
pub mod config;
pub mod database;
pub mod ddl;
pub mod define;
pub mod dependents;
pub mod engine;
pub mod environment;
pub mod error;
pub mod execute;
pub mod fault;
mod foreign;
pub mod given;
pub mod grants;
pub mod guest;
pub mod host;
pub mod import;
pub mod inspect;
pub mod introspect;
pub mod limits;
pub mod live;
pub mod manifest;
pub mod module;
pub mod policy;
mod quote;
pub mod real;
pub mod registry;
pub mod replaceable;
pub mod runtime;
pub mod session;
pub mod settings;
pub mod stack;
pub mod stats;
pub mod table;
pub mod thread_bound;
pub mod write;

pub use commensal_abi as abi;
pub use commensal_abi::value::{self, StorageClass, Value, ValueRef};
pub use error::{Error, ErrorKind, Result};
pub use limits::{Capabilities, Capability, Limits};
pub use manifest::Manifest;
pub use module::ModuleInfo;
