struct Counter;

impl Counter {
    #[commensal_sdk::function]
    fn count(&self) -> i64 {
        1
    }
}

fn main() {}
