#[commensal_sdk::function]
fn unsigned() -> u64 {
    1
}

fn main() {}
