//! The SQLite library of the program that loads the extension.

use std::ffi::{c_char, c_int};
use std::sync::{Mutex, PoisonError};

use commensal_adaptor_sqlite::api::Api;
use commensal_core::{Error, ErrorKind, Result};

use crate::routines::{self, Routines};

/// The oldest version with INNOCUOUS and DIRECTONLY.
const VERSION_MIN: c_int = 3_031_000;

/// A SQLite library, by its table of functions.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    routines: Routines,
}

/// The tables of the libraries seen so far. They live as long as the process.
static APIS: Mutex<Vec<Known>> = Mutex::new(Vec::new());

struct Known {
    /// Address of the library's own table.
    routines: usize,
    api: &'static Api,
}

impl Host {
    /// The library. `None` if it was built without loading of extensions and so has no table.
    ///
    /// # Safety
    /// `routines` is NULL or SQLite's table, which stays.
    pub(crate) unsafe fn new(routines: Routines) -> Option<Self> {
        (!routines.is_null()).then_some(Self { routines })
    }

    /// The library's functions.
    ///
    /// # Errors
    /// The library is too old, or lacks a function.
    pub(crate) fn api(self) -> Result<&'static Api> {
        let mut apis = APIS.lock().unwrap_or_else(PoisonError::into_inner);
        let routines = self.routines as usize;
        if let Some(known) = apis.iter().find(|known| known.routines == routines) {
            return Ok(known.api);
        }
        let version = self.version();
        if version < VERSION_MIN {
            let message = format!(
                "Commensal needs SQLite 3.31 or newer, and this program has {}.{}.{}",
                version / 1_000_000,
                version / 1000 % 1000,
                version % 1000
            );
            return Err(Error::new(ErrorKind::Engine, message));
        }
        // SAFETY: the table is that of a library of this version, which stays loaded: its connection
        // keeps it.
        let addresses = unsafe { routines::addresses(self.routines, version) };
        let addresses = addresses.map_err(|missing| {
            let message =
                format!("this program's SQLite was built without {missing}, which Commensal needs");
            Error::new(ErrorKind::Engine, message)
        })?;
        // SAFETY: as above.
        let api = unsafe { Api::from_addresses(addresses) };
        let api = &*Box::leak(Box::new(api));
        apis.push(Known { routines, api });
        Ok(api)
    }

    fn version(self) -> c_int {
        // SAFETY: every version has the function at this place, with this type.
        unsafe {
            let address = *self.routines.add(routines::LIBVERSION_NUMBER);
            std::mem::transmute::<*const (), unsafe extern "C" fn() -> c_int>(address)()
        }
    }

    /// Passes SQLite a message in memory that it frees.
    ///
    /// # Safety
    /// `to` is NULL or where SQLite looks for a message.
    pub(crate) unsafe fn set_message(self, to: *mut *mut c_char, message: &str) {
        let Ok(size) = c_int::try_from(message.len() + 1) else { return };
        if to.is_null() {
            return;
        }
        // SAFETY: every version has the function at this place, with this type; it gives NULL or the
        // bytes asked for. `to` is the caller's promise.
        unsafe {
            let address = *self.routines.add(routines::MALLOC);
            type Malloc = unsafe extern "C" fn(c_int) -> *mut c_char;
            let copy = std::mem::transmute::<*const (), Malloc>(address)(size);
            if !copy.is_null() {
                copy.cast::<u8>().copy_from_nonoverlapping(message.as_ptr(), message.len());
                *copy.add(message.len()) = 0;
                *to = copy;
            }
        }
    }
}
