//! `commensal-smith COUNT [SEED [FOLDER]]` writes this many modules: to standard output, each after its length
//! in four bytes, or as files into a folder.

use std::io::{Write, stdout};

use arbitrary::Unstructured;

/// Bytes from which wasm-smith makes a module.
const BYTES: usize = 2048;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u64| {
        let given = arguments.get(at).map(|argument| argument.parse().expect("a number"));
        given.unwrap_or(otherwise)
    };
    let mut random = number(1, 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let (mut made, mut out) = (0, stdout().lock());
    while made < number(0, 100) {
        let bytes: Vec<u8> = (0..BYTES)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
            })
            .collect();
        let Ok(Some(module)) = commensal_smith::module(&mut Unstructured::new(&bytes)) else {
            continue;
        };
        made += 1;
        match arguments.get(2) {
            Some(folder) => std::fs::write(format!("{folder}/{made:03}.wasm"), &module)?,
            None => {
                out.write_all(&(module.len() as u32).to_le_bytes())?;
                out.write_all(&module)?;
            }
        }
    }
    Ok(())
}
