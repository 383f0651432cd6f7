//! Kubernetes quantities in their canonical form: any other is rewritten by the API server and then differs from git for ever.

/// Binary units, largest first.
const BINARY: &[(&str, f64)] = &[("Ti", 1_099_511_627_776.0), ("Gi", 1_073_741_824.0), ("Mi", 1_048_576.0), ("Ki", 1024.0)];
/// Decimal units, largest first.
const DECIMAL: &[(&str, f64)] = &[("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)];

/// CPUs: whole ones as they are, others in thousandths.
pub fn cpu(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{:.0}m", (value * 1000.0).ceil()) }
}

/// Bytes in the unit that gives the smallest whole number.
pub fn memory(bytes: f64) -> String {
    let whole = bytes.ceil();
    let divides = |(_, factor): &&(&str, f64)| whole >= *factor && whole % factor == 0.0;
    let unit = BINARY.iter().chain(DECIMAL).filter(divides).max_by(|a, b| a.1.total_cmp(&b.1));
    match unit {
        Some((name, factor)) => format!("{:.0}{name}", whole / factor),
        None => format!("{whole:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical() {
        assert_eq!([cpu(0.5), cpu(1.0), cpu(1.5), cpu(0.0001)], ["500m", "1", "1500m", "1m"]);
        let sizes = [2_147_483_648.0, 10e9, 1_048_576.0 * 1536.0, 1.0, 1500.0, 500e6];
        assert_eq!(sizes.map(memory), ["2Gi", "10G", "1536Mi", "1", "1500", "500M"].map(str::to_owned));
    }
}
