//! Plots, as text: lines over sizes, both axes logarithmic.

use std::fmt::Write as _;

use crate::samples::{Board, shown, thousands};

const COLORS: [&str; 12] = [
    "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#111111", "#6b8e23",
];
/// The corner of the field, and its size.
const LEFT: f64 = 80.0;
const TOP: f64 = 50.0;
const WIDE: f64 = 440.0;
const HIGH: f64 = 380.0;

/// A name, and nanoseconds over sizes.
pub struct Line {
    pub name: String,
    pub points: Vec<(u64, u64)>,
}

/// The medians of a case, a line for each program.
pub fn of_case(board: &Board, case: &str, title: &str, across: &str) -> String {
    let line = |who: &str| Line {
        name: who.to_owned(),
        points: board
            .sizes(case)
            .into_iter()
            .filter_map(|n| Some((n, board.find(who, n, case)?.median())))
            .collect(),
    };
    let list: Vec<Line> = board.who(case).into_iter().map(line).collect();
    lines(title, across, &list)
}

/// Where a size and a time stand: powers of ten from the lowest to the highest of each axis.
struct Axes {
    across: (f64, f64),
    up: (f64, f64),
}

impl Axes {
    fn of(list: &[Line]) -> Axes {
        let bounds = |of: fn(&(u64, u64)) -> u64| {
            let all = || list.iter().flat_map(|line| &line.points).map(|point| exponent(of(point)));
            let least = all().fold(f64::INFINITY, f64::min).floor();
            (least, all().fold(least, f64::max).ceil().max(least + 1.0))
        };
        Axes { across: bounds(|point| point.0), up: bounds(|point| point.1) }
    }

    fn x(&self, n: u64) -> f64 {
        LEFT + (exponent(n) - self.across.0) / (self.across.1 - self.across.0) * WIDE
    }

    fn y(&self, ns: u64) -> f64 {
        TOP + HIGH - (exponent(ns) - self.up.0) / (self.up.1 - self.up.0) * HIGH
    }

    /// The grid with its numbers.
    fn draw(&self, text: &mut String) {
        let powers = |(from, to): (f64, f64)| (from as u32..=to as u32).map(|power| 10u64.pow(power));
        let (right, foot) = (LEFT + WIDE, TOP + HIGH);
        for ns in powers(self.up) {
            let at = self.y(ns);
            let _ = writeln!(
                text,
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                round(ns)
            );
        }
        for n in powers(self.across) {
            let at = self.x(n);
            let _ = writeln!(
                text,
                "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{foot}\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                foot + 18.0,
                thousands(n)
            );
        }
    }
}

fn exponent(value: u64) -> f64 {
    (value.max(1) as f64).log10()
}

/// A plot of `list`; its names stand at the ends of the lines, moved apart.
pub fn lines(title: &str, across: &str, list: &[Line]) -> String {
    let axes = Axes::of(list);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"490\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"760\" height=\"490\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"15\">{}</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
        escaped(title),
        LEFT + WIDE / 2.0,
        TOP + HIGH + 40.0,
        escaped(across)
    );
    axes.draw(&mut text);
    let mut ends: Vec<(f64, usize)> = Vec::new();
    for (at, line) in list.iter().enumerate() {
        let color = COLORS[at % COLORS.len()];
        let points: Vec<String> =
            line.points.iter().map(|(n, ns)| format!("{:.1},{:.1}", axes.x(*n), axes.y(*ns))).collect();
        let width = if line.name == "schema" { 3.0 } else { 1.5 };
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>",
            points.join(" ")
        );
        for (n, ns) in &line.points {
            let _ = writeln!(
                text,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"><title>{}, {}: {}</title></circle>",
                axes.x(*n),
                axes.y(*ns),
                escaped(&line.name),
                thousands(*n),
                shown(*ns)
            );
        }
        ends.extend(line.points.last().map(|(_, ns)| (axes.y(*ns), at)));
    }
    names(&mut text, ends, list);
    text.push_str("</svg>\n");
    text
}

/// The names, at the heights where their lines end, at least a line of text apart.
fn names(text: &mut String, mut ends: Vec<(f64, usize)>, list: &[Line]) {
    const STEP: f64 = 15.0;
    ends.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut least = TOP;
    for end in &mut ends {
        end.0 = end.0.max(least);
        least = end.0 + STEP;
    }
    // Those at the foot are moved up again.
    let mut most = TOP + HIGH;
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(most);
        most = end.0 - STEP;
    }
    for (height, at) in ends {
        let weight = if list[at].name == "schema" { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{}\"{weight}>{}</text>",
            LEFT + WIDE + 10.0,
            height + 4.0,
            COLORS[at % COLORS.len()],
            escaped(&list[at].name)
        );
    }
}

fn round(ns: u64) -> String {
    match ns {
        _ if ns < 1_000 => format!("{ns} ns"),
        _ if ns < 1_000_000 => format!("{} µs", ns / 1_000),
        _ if ns < 1_000_000_000 => format!("{} ms", ns / 1_000_000),
        _ => format!("{} s", ns / 1_000_000_000),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
