//! WASI preview 1 for guests that are built with a C library. All its functions exist, and they reveal nothing.
//!
//! There are no files, arguments, environment or network. A function that needs one returns the errno that says
//! so. Standard output and error go to the log if that is granted, and nowhere else. Clock and randomness need
//! the same capabilities as in the host module.

use crate::fault::Fault;
use crate::host::area::{Area, bytes};
use crate::host::function::{Body, HostFunction, HostType};
use crate::host::services::LogLevel;
use crate::host::state::HostState;
use crate::limits::Capability;
use crate::runtime::Memory;

/// The import module.
const MODULE: &str = "wasi_snapshot_preview1";

// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#errno
const SUCCESS: i64 = 0;
const BADF: i64 = 8;
const INVAL: i64 = 28;
const NOSYS: i64 = 52;
const SPIPE: i64 = 70;

/// Largest number of buffers of one `fd_write`. POSIX's minimum for IOV_MAX is smaller.
const BUFFERS_MAX: usize = 1024;
/// Largest number of bytes that one `fd_write` takes. The caller continues with the rest.
const WRITTEN_MAX: usize = 64 << 10;

/// A function that returns an errno.
const fn errno(name: &'static str, params: &'static [HostType], body: Body) -> HostFunction {
    let result = Some(HostType::I32);
    HostFunction { module: MODULE, name, params, result, capability: None, body }
}

/// The function with a capability that it needs.
const fn behind(capability: Capability, function: HostFunction) -> HostFunction {
    HostFunction { capability: Some(capability), ..function }
}

/// A function on a descriptor. It fails because there are none that it works on.
const fn on_descriptor(name: &'static str, params: &'static [HostType]) -> HostFunction {
    errno(name, params, |_, _, _| Ok(BADF))
}

/// A function that is not supported.
const fn missing(name: &'static str, params: &'static [HostType]) -> HostFunction {
    errno(name, params, |_, _, _| Ok(NOSYS))
}

/// Types of parameters: `i` and `I` for 32 and 64 bits.
macro_rules! types {
    (@ i) => { HostType::I32 };
    (@ I) => { HostType::I64 };
    ($($ty:ident)*) => { &[$(types!(@ $ty)),*] };
}

/// Every function of preview 1.
pub(in crate::host) const FUNCTIONS: &[HostFunction] = &[
    errno("args_get", types!(i i), |_, _, _| Ok(SUCCESS)),
    errno("args_sizes_get", types!(i i), no_texts),
    errno("environ_get", types!(i i), |_, _, _| Ok(SUCCESS)),
    errno("environ_sizes_get", types!(i i), no_texts),
    behind(Capability::Clock, errno("clock_res_get", types!(i i), clock_resolution)),
    behind(Capability::Clock, errno("clock_time_get", types!(i I i), clock_time)),
    behind(Capability::Random, errno("random_get", types!(i i), random)),
    errno("fd_write", types!(i i i i), write),
    errno("fd_read", types!(i i i i), read),
    errno("fd_close", types!(i), |_, _, arguments| Ok(stream(arguments[0], SUCCESS))),
    errno("fd_seek", types!(i I i i), |_, _, arguments| Ok(stream(arguments[0], SPIPE))),
    errno("fd_tell", types!(i i), |_, _, arguments| Ok(stream(arguments[0], SPIPE))),
    errno("fd_fdstat_get", types!(i i), descriptor_state),
    on_descriptor("fd_advise", types!(i I I i)),
    on_descriptor("fd_allocate", types!(i I I)),
    on_descriptor("fd_datasync", types!(i)),
    on_descriptor("fd_fdstat_set_flags", types!(i i)),
    on_descriptor("fd_fdstat_set_rights", types!(i I I)),
    on_descriptor("fd_filestat_get", types!(i i)),
    on_descriptor("fd_filestat_set_size", types!(i I)),
    on_descriptor("fd_filestat_set_times", types!(i I I i)),
    on_descriptor("fd_pread", types!(i i i I i)),
    on_descriptor("fd_prestat_get", types!(i i)),
    on_descriptor("fd_prestat_dir_name", types!(i i i)),
    on_descriptor("fd_pwrite", types!(i i i I i)),
    on_descriptor("fd_readdir", types!(i i i I i)),
    on_descriptor("fd_renumber", types!(i i)),
    on_descriptor("fd_sync", types!(i)),
    on_descriptor("path_create_directory", types!(i i i)),
    on_descriptor("path_filestat_get", types!(i i i i i)),
    on_descriptor("path_filestat_set_times", types!(i i i i I I i)),
    on_descriptor("path_link", types!(i i i i i i i)),
    on_descriptor("path_open", types!(i i i i i I I i i)),
    on_descriptor("path_readlink", types!(i i i i i i)),
    on_descriptor("path_remove_directory", types!(i i i)),
    on_descriptor("path_rename", types!(i i i i i i)),
    on_descriptor("path_symlink", types!(i i i i i)),
    on_descriptor("path_unlink_file", types!(i i i)),
    on_descriptor("sock_accept", types!(i i i)),
    on_descriptor("sock_recv", types!(i i i i i i)),
    on_descriptor("sock_send", types!(i i i i i)),
    on_descriptor("sock_shutdown", types!(i i)),
    missing("poll_oneoff", types!(i i i i)),
    missing("proc_raise", types!(i)),
    errno("sched_yield", types!(), |_, _, _| Ok(SUCCESS)),
    HostFunction {
        module: MODULE,
        name: "proc_exit",
        params: types!(i),
        result: None,
        capability: None,
        body: |_, _, arguments| {
            let status = arguments[0] as u32;
            Err(Fault::Host(format!("the guest exited with exit status {status}")))
        },
    },
];

/// Returns `answer` for standard input, output and error. No other descriptor exists.
fn stream(descriptor: i64, answer: i64) -> i64 {
    if (0..=2).contains(&descriptor) { answer } else { BADF }
}

/// Writes a number into the guest's memory.
fn put(memory: &mut dyn Memory, pointer: i64, value: &[u8]) -> Result<(), Fault> {
    Area::new(memory, pointer, value.len() as i64)?.put(memory, value)
}

/// There are no arguments and no environment: returns zero texts of zero bytes.
fn no_texts(_: &mut HostState, memory: &mut dyn Memory, arguments: &[i64]) -> Result<i64, Fault> {
    put(memory, arguments[0], &0_u32.to_le_bytes())?;
    put(memory, arguments[1], &0_u32.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Real time and monotonic time. A guest cannot measure processor time.
fn is_clock(id: i64) -> bool {
    matches!(id, 0 | 1)
}

fn clock_resolution(
    _: &mut HostState,
    memory: &mut dyn Memory,
    arguments: &[i64],
) -> Result<i64, Fault> {
    if !is_clock(arguments[0]) {
        return Ok(INVAL);
    }
    put(memory, arguments[1], &1_u64.to_le_bytes())?;
    Ok(SUCCESS)
}

fn clock_time(
    state: &mut HostState,
    memory: &mut dyn Memory,
    arguments: &[i64],
) -> Result<i64, Fault> {
    if !is_clock(arguments[0]) {
        return Ok(INVAL);
    }
    put(memory, arguments[2], &state.services.now_ns().to_le_bytes())?;
    Ok(SUCCESS)
}

fn random(state: &mut HostState, memory: &mut dyn Memory, arguments: &[i64]) -> Result<i64, Fault> {
    let area = Area::new(memory, arguments[0], arguments[1])?;
    area.fill(memory, |into| state.services.random(into).map_err(Fault::Host))?;
    Ok(SUCCESS)
}

/// Writes standard output or error as one log message per call, without the line's end. Without the capability,
/// the text is dropped, because a library that prints is no reason to fail.
fn write(state: &mut HostState, memory: &mut dyn Memory, arguments: &[i64]) -> Result<i64, Fault> {
    let level = match arguments[0] {
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        _ => return Ok(BADF),
    };
    let number = arguments[2] as u32 as usize;
    if number > BUFFERS_MAX {
        return Ok(INVAL);
    }
    let mut text = Vec::new();
    let buffers = bytes(memory, arguments[1], (number * 8) as i64)?.into_owned();
    for buffer in buffers.as_chunks::<8>().0 {
        let [p0, p1, p2, p3, l0, l1, l2, l3] = *buffer;
        let pointer = u32::from_le_bytes([p0, p1, p2, p3]);
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        let buffer = Area::new(memory, pointer.into(), len.into())?;
        text.extend_from_slice(&buffer.first(WRITTEN_MAX - text.len()).bytes(memory)?);
        if text.len() == WRITTEN_MAX {
            break;
        }
    }
    put(memory, arguments[3], &(text.len() as u32).to_le_bytes())?;
    let message = text.strip_suffix(b"\n").unwrap_or(&text);
    if state.may(Capability::Log) && !message.is_empty() {
        state.services.log(level, &String::from_utf8_lossy(message));
    }
    Ok(SUCCESS)
}

/// Standard input is always at its end.
fn read(_: &mut HostState, memory: &mut dyn Memory, arguments: &[i64]) -> Result<i64, Fault> {
    if arguments[0] != 0 {
        return Ok(BADF);
    }
    put(memory, arguments[3], &0_u32.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Streams are character devices, so that a C library flushes each line.
fn descriptor_state(
    _: &mut HostState,
    memory: &mut dyn Memory,
    arguments: &[i64],
) -> Result<i64, Fault> {
    const CHARACTER_DEVICE: u8 = 2;
    const MAY_READ: u64 = 1 << 1;
    const MAY_WRITE: u64 = 1 << 6;
    let rights = match arguments[0] {
        0 => MAY_READ,
        1 | 2 => MAY_WRITE,
        _ => return Ok(BADF),
    };
    let mut state = [0; 24];
    state[0] = CHARACTER_DEVICE;
    state[8..16].copy_from_slice(&rights.to_le_bytes());
    put(memory, arguments[1], &state)?;
    Ok(SUCCESS)
}
