use commensal_sdk::Value;

#[commensal_sdk::function]
fn first_many(values: &[Value], last: i64) -> i64 {
    values.len() as i64 + last
}

fn main() {}
