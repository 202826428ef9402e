fn main() {
    let _ = schema_runtime::migrations!("nowhere");
    let _ = schema_runtime::migrations!(7);
}
