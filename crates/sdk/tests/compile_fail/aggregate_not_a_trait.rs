#[derive(Default)]
struct Count(i64);

#[commensal_sdk::aggregate]
impl Count {
    fn step(&mut self) {
        self.0 += 1;
    }
}

fn main() {
    Count::default().step();
}
