//! Types of columns: each direction of conversion, what is kept, what is refused and what consent does.
