//! A runtime without guests: a script of bytes decides what a guest answers and what it asks of the host.
//!
//! The bytes reach all code that reads a guest's answers, through ordinary statements and without
//! compiling anything.

use std::cell::RefCell;
use std::sync::Arc;

use commensal::core::fault::Fault;
use commensal::core::host::HostState;
use commensal::core::runtime::{
    CompileOptions, CompiledModule, FunctionId, Instance, InstanceConfig, Memory, OutOfBounds,
    ResolveError, Runtime, RuntimeError, RuntimeFeatures, Shape, StatementBudget,
};

/// The size of a guest's memory in bytes.
pub(crate) const MEMORY: usize = 64 << 10;
/// The address of arguments, which may take the rest of memory.
const SCRATCH: u32 = 32 << 10;
/// The number of the export `commensal_scratch`.
const SCRATCH_FUNCTION: FunctionId = FunctionId(u32::MAX);
/// The address of an answer's record.
const ANSWER: usize = 512;
/// The address of texts and blobs in answers.
pub(crate) const BYTES: usize = 2048;
/// The address of batches, plans and SQL text.
pub(crate) const BODY: usize = 8192;

thread_local! {
    static SCRIPT: RefCell<Script> = RefCell::default();
}

/// Bytes to read one after the other, followed by zeros without end.
#[derive(Default)]
pub(crate) struct Script {
    bytes: Vec<u8>,
    at: usize,
}

impl Script {
    /// Sets the script for the guests of this thread.
    pub(crate) fn set(bytes: &[u8]) {
        SCRIPT.with_borrow_mut(|script| *script = Self { bytes: bytes.to_vec(), at: 0 });
    }

    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), at: 0 }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn number(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.byte()))
    }

    /// A number that is mostly small.
    pub(crate) fn small(&mut self) -> u32 {
        match self.byte() {
            255 => self.number(),
            byte => u32::from(byte % 8),
        }
    }

    /// One of several choices.
    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[usize::from(self.byte()) % choices.len()]
    }
}

/// The runtime of this file.
#[derive(Clone, Copy)]
pub(crate) struct Scripted;

impl Runtime for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::ALL
    }

    fn compile(
        &self,
        wasm: &[u8],
        _: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        // `definitions::constant` writes it.
        let at = wasm.windows(6).position(|window| window == b"value=");
        let constant = at.and_then(|at| wasm.get(at + 6).map(|&digit| i64::from(digit - b'0')));
        Ok(Arc::new(ScriptedModule { constant }))
    }
}

struct ScriptedModule {
    constant: Option<i64>,
}

impl CompiledModule for ScriptedModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        let mut memory = vec![0; MEMORY];
        for (at, byte) in memory[BYTES..BODY].iter_mut().enumerate() {
            // Digits, letters, and some bytes that are not UTF-8.
            *byte = if at % 61 == 60 { 0xff } else { b' ' + (at % 90) as u8 };
        }
        Ok(Box::new(ScriptedInstance {
            constant: self.constant,
            memory,
            host: config.host,
            exports: Vec::new(),
            handles: 0,
            addressable: true,
        }))
    }

    fn code_bytes(&self) -> usize {
        0
    }

    fn stack_bytes(&self) -> usize {
        0
    }

    fn imports(&self, _: &dyn Fn(&str, &str) -> bool) -> bool {
        true
    }
}

/// An instance whose answers come from the script.
pub(crate) struct ScriptedInstance {
    constant: Option<i64>,
    pub(crate) memory: Vec<u8>,
    pub(crate) host: HostState,
    exports: Vec<String>,
    handles: i64,
    pub(crate) addressable: bool,
}

impl ScriptedInstance {
    fn own(&mut self) -> ScriptedMemory<'_> {
        ScriptedMemory { bytes: &mut self.memory, addressable: self.addressable }
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(to) = self.memory.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    }

    fn integer(&mut self, integer: i64) -> u32 {
        self.put(ANSWER, &1_u64.to_le_bytes());
        self.put(ANSWER + 8, &integer.to_le_bytes());
        ANSWER as u32
    }

    fn blob(&mut self, len: u32, pointer: usize) -> u32 {
        self.put(ANSWER, &[4, 0, 0, 0]);
        self.put(ANSWER + 4, &len.to_le_bytes());
        self.put(ANSWER + 8, &(pointer as u64).to_le_bytes());
        ANSWER as u32
    }

    pub(crate) fn record(&mut self, script: &mut Script, at: usize) {
        let kind = script.byte();
        let mut record = [0; 16];
        if kind % 16 == 15 {
            record = [(); 16].map(|()| script.byte());
        } else {
            record[0] = kind % 7;
            match kind % 7 {
                1 | 2 => record[8..].copy_from_slice(&[(); 8].map(|()| script.byte())),
                0 | 3 | 4 => {
                    let len = u32::from(script.byte());
                    let pointer = match script.byte() {
                        255 => script.number(),
                        byte => BYTES as u32 + u32::from(byte) * 8,
                    };
                    record[4..8].copy_from_slice(&len.to_le_bytes());
                    record[8..12].copy_from_slice(&pointer.to_le_bytes());
                    record[1] = script.byte() % 32;
                }
                _ => record[2] = script.byte() % 16,
            }
        }
        self.put(at, &record);
    }

    /// Writes a batch of rows that is nearly right.
    fn batch(&mut self, script: &mut Script) -> u32 {
        let (rows, columns) = (script.small(), 3 - script.small().min(3) / 3);
        self.put(BODY, &rows.to_le_bytes());
        self.put(BODY + 4, &columns.to_le_bytes());
        let records = (rows as usize).min(16) * (columns as usize + 1);
        for index in 0..records {
            self.record(script, BODY + 8 + index * 16);
        }
        let len = 8 + records as u32 * 16;
        match script.byte() {
            255 => self.blob(script.number(), BODY),
            254 => self.blob(len, BODY + 1),
            253 => self.blob(len + 1, BODY),
            _ => self.blob(len, BODY),
        }
    }

    /// Writes a plan that is nearly right. The request has the number of constraints.
    fn plan(&mut self, script: &mut Script, argv: u32) -> u32 {
        let read = |memory: &[u8], at: usize| {
            let bytes = memory.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>());
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        let request = read(&self.memory, argv as usize + 24) as usize;
        let constraints = read(&self.memory, request).min(64) as usize;
        let mut plan = vec![0; 32 + constraints * 4];
        for byte in &mut plan[..] {
            // Mostly zeros.
            *byte = script.byte() & script.byte() & 3;
        }
        if script.byte() != 255 {
            plan[16..24].copy_from_slice(&f64::from(script.byte()).to_le_bytes());
            plan[24..32].copy_from_slice(&i64::from(script.byte()).to_le_bytes());
            plan[12..16].fill(0);
            plan[4..12].fill(0);
        }
        self.put(BODY, &plan);
        let len = plan.len() as u32;
        self.blob(if script.byte() == 255 { len + script.small() } else { len }, BODY)
    }
}

impl Instance for ScriptedInstance {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        if shape == Shape::SCRATCH {
            return Ok(SCRATCH_FUNCTION);
        }
        self.exports.push(export.to_owned());
        Ok(FunctionId(self.exports.len() as u32 - 1))
    }

    fn global(&mut self, _: &str) -> Option<u32> {
        None
    }

    fn call(
        &mut self,
        function: FunctionId,
        words: &[u64],
        _: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        if function == SCRATCH_FUNCTION {
            let fits = words[0] <= MEMORY as u64 - u64::from(SCRATCH);
            return Ok(if fits { SCRATCH.into() } else { 0 });
        }
        self.answer(function, words[1] as u32).map(u64::from)
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        body(&mut self.host);
    }

    fn fuel_used(&self) -> Option<u64> {
        None
    }
}

impl ScriptedInstance {
    fn answer(&mut self, function: FunctionId, argv: u32) -> Result<u32, Box<Fault>> {
        if let Some(constant) = self.constant {
            return Ok(self.integer(constant));
        }
        SCRIPT.with(|script| {
            // If a guest's statement calls a guest, the script is in use, and that guest answers NULL.
            let Ok(mut script) = script.try_borrow_mut() else { return Ok(0) };
            let export = self.exports[function.0 as usize].clone();
            self.addressable = script.byte() % 4 != 3;
            match export.as_str() {
                "asks" => self.ask(&mut script).map(|()| 0),
                // Mostly a handle, so that more calls follow.
                "init" | "connect" | "open" if script.byte() != 255 => {
                    self.handles += 1;
                    Ok(self.integer(self.handles))
                }
                "next" if !script.is_at_end() && script.byte() != 255 => {
                    Ok(self.batch(&mut script))
                }
                "best_index" if script.byte() != 255 => Ok(self.plan(&mut script, argv)),
                _ => match script.byte() {
                    0 => Ok(0),
                    1 => Ok(script.number()),
                    2 => Err(Box::new(Fault::Trap("scripted".to_owned()))),
                    _ => {
                        self.record(&mut script, ANSWER);
                        Ok(ANSWER as u32)
                    }
                },
            }
        })
    }
}

impl Memory for ScriptedInstance {
    fn memory(&mut self) -> Option<&mut [u8]> {
        self.addressable.then_some(&mut self.memory[..])
    }

    fn memory_bytes(&self) -> usize {
        self.memory.len()
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        self.own().read(offset, into)
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        self.own().write(offset, from)
    }
}

/// The memory of a guest as functions of the host see it.
pub(crate) struct ScriptedMemory<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) addressable: bool,
}

impl Memory for ScriptedMemory<'_> {
    fn memory(&mut self) -> Option<&mut [u8]> {
        self.addressable.then_some(&mut *self.bytes)
    }

    fn memory_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let end = (offset as usize).checked_add(into.len()).ok_or(OutOfBounds)?;
        into.copy_from_slice(self.bytes.get(offset as usize..end).ok_or(OutOfBounds)?);
        Ok(())
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        let end = (offset as usize).checked_add(from.len()).ok_or(OutOfBounds)?;
        self.bytes.get_mut(offset as usize..end).ok_or(OutOfBounds)?.copy_from_slice(from);
        Ok(())
    }
}
