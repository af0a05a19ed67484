#[commensal_sdk::function]
async fn waits() -> i64 {
    1
}

fn main() {}
