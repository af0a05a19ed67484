#[commensal_sdk::function]
fn keeps(text: &'static str) -> &'static str {
    text
}

fn main() {}
