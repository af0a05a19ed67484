#[commensal_sdk::function]
fn many(values: &[u64]) -> i64 {
    values.len() as i64
}

fn main() {}
