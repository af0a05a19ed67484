#[commensal_sdk::function]
fn unsigned(value: u64) -> i64 {
    value as i64
}

fn main() {}
