//! Serde's way into a text.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::error::Error;
use super::raw;
use super::scan::{Scanner, Wanted, check_depth};
use super::text::Text;

/// A place in a text from which values are read.
#[derive(Debug)]
pub struct Reader<'de> {
    scanner: Scanner<'de>,
    depth: usize,
}

impl<'de> Reader<'de> {
    /// The beginning of a text.
    pub const fn new(text: &'de str) -> Self {
        Self { scanner: Scanner::new(text), depth: 0 }
    }

    /// Reads the value that is next.
    pub fn value<T: Deserialize<'de>>(&mut self) -> Result<T, Error> {
        T::deserialize(self)
    }

    /// The first byte of the value that is next.
    pub fn peek(&mut self) -> Option<u8> {
        self.scanner.peek()
    }

    /// Reads the value that is next, and says what its text is.
    pub fn with_text<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<(T, &'de str), Error> {
        self.scanner.peek();
        let start = self.scanner.position();
        let value = read(self)?;
        Ok((value, self.scanner.since(start)))
    }

    /// Reads an object, member by member. `read` must take the value of each from the reader.
    #[inline]
    pub fn members(&mut self, mut read: impl FnMut(Text<'de>, &mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.within(
            |reader| {
                let mut more = reader.scanner.peek() != Some(b'}');
                while more {
                    let name = reader.scanner.string()?;
                    reader.scanner.expect(b':')?;
                    read(name, reader)?;
                    more = reader.scanner.take(b',');
                }
                Ok(())
            },
            b'}',
        )
    }

    /// Nothing follows.
    pub fn end(&mut self) -> Result<(), Error> {
        self.scanner.end()
    }

    /// Goes into an object or an array, and out of it again.
    #[inline]
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>, closing: u8) -> Result<T, Error> {
        self.depth += 1;
        check_depth(self.depth)?;
        self.scanner.expect(closing - 2)?;
        let value = read(self)?;
        self.scanner.expect(closing)?;
        self.depth -= 1;
        Ok(value)
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let number = self.scanner.number()?;
        if let Ok(natural) = number.parse() {
            return visitor.visit_u64(natural);
        }
        if let Ok(integer) = number.parse() {
            return visitor.visit_i64(integer);
        }
        visitor.visit_f64(number.parse().map_err(|_| Error::new("a number cannot be read"))?)
    }
}

fn visit_text<'de, V: Visitor<'de>>(text: Text<'de>, visitor: V) -> Result<V::Value, Error> {
    match text.read()? {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scanner.peek() {
            Some(b'"') => visit_text(self.scanner.string()?, visitor),
            Some(b'{') => self.within(|reader| visitor.visit_map(Members { reader, name: None }), b'}'),
            Some(b'[') => self.within(|reader| visitor.visit_seq(Items { reader, count: 0 }), b']'),
            Some(b't') => self.scanner.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.scanner.word("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'n') => self.scanner.word("null").and_then(|()| visitor.visit_unit()),
            _ => self.number(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scanner.peek() == Some(b'n') {
            self.scanner.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name != raw::NAME {
            return visitor.visit_newtype_struct(self);
        }
        self.scanner.peek();
        let start = self.scanner.position();
        self.scanner.skip(self.depth)?;
        visitor.visit_borrowed_str(self.scanner.since(start))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // A struct could be read from an array of its members; nobody sends that.
        if self.scanner.peek() == Some(b'[') {
            return Err(Error::new("expected an object, found an array"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.scanner.peek() != Some(b'"') {
            return Err(Error::new("expected a string"));
        }
        match self.scanner.string()?.read()? {
            Cow::Borrowed(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Cow::Owned(text) => {
                let word: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.scanner.skip(self.depth)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier
    }
}

/// The members of an object.
struct Members<'r, 'de> {
    reader: &'r mut Reader<'de>,
    name: Option<Text<'de>>,
}

impl<'de> de::MapAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let scanner = &mut self.reader.scanner;
        if scanner.peek() == Some(b'}') && self.name.is_none() {
            return Ok(None);
        }
        if self.name.is_some() && !scanner.take(b',') {
            return if scanner.peek() == Some(b'}') { Ok(None) } else { Err(scanner.unexpected(Wanted::Member)) };
        }
        let name = scanner.string()?;
        scanner.expect(b':')?;
        self.name = Some(name);
        match name.read()? {
            Cow::Borrowed(text) => seed.deserialize(BorrowedStrDeserializer::new(text)).map(Some),
            Cow::Owned(text) => {
                let name: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
                seed.deserialize(name).map(Some)
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let name = self.name.map_or("", |name| name.raw);
        seed.deserialize(&mut *self.reader).map_err(|error| error.under(name))
    }
}

/// The items of an array.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    count: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let scanner = &mut self.reader.scanner;
        if scanner.peek() == Some(b']') {
            return Ok(None);
        }
        if self.count > 0 {
            scanner.expect(b',')?;
        }
        let place = self.count;
        self.count += 1;
        seed.deserialize(&mut *self.reader).map(Some).map_err(|error| error.under(format_args!("[{place}]")))
    }
}
