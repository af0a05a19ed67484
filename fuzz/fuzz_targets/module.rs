//! Bytes, and modules generated from bytes, into the reader of modules: an error or a module that its
//! own facts describe.
#![no_main]

use commensal_core::module::pack;
use commensal_core::{Limits, ModuleInfo};
use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    read(data);
    if let Ok(module) = wasm_smith::Module::arbitrary(&mut Unstructured::new(data)) {
        read(&module.to_bytes());
    }
});

fn read(wasm: &[u8]) {
    let limits = Limits::default();
    let Ok(inspection) = ModuleInfo::inspect(wasm, &limits) else { return };
    assert_eq!(inspection.info.bytes, wasm.len());
    assert!(inspection.problems.len() < 100);
    for export in &inspection.info.exports {
        let _ = inspection.info.guest_function(&export.name);
    }
    let _ = inspection.info.guest_function("nothing");
    let _ = inspection.info.extension();
    if let Ok(packed) = pack(wasm, b"{\"abi\":1}", &limits) {
        assert_eq!(pack(&packed, b"{\"abi\":1}", &limits).as_deref(), Ok(&packed[..]));
    }
}
