#[commensal_sdk::function]
fn changes(text: &mut String) {
    text.clear();
}

fn main() {}
