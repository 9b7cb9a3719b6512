package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.stream.StreamSupport;

/** As much of JSON Schema 2020-12 as the folder uses. */
final class Schema {
    private final JsonNode root;

    Schema(JsonNode root) {
        this.root = root;
    }

    boolean valid(JsonNode value) {
        return fits(root, value);
    }

    boolean valid(String definition, JsonNode value) {
        return fits(root.get("$defs").get(definition), value);
    }

    private boolean fits(JsonNode schema, JsonNode value) {
        for (Iterator<String> names = schema.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!holds(name, schema.get(name), value)) {
                return false;
            }
        }
        return true;
    }

    private boolean holds(String keyword, JsonNode rule, JsonNode value) {
        String text = value.asText();
        return switch (keyword) {
            case "$ref" -> fits(root.get("$defs").get(rule.asText().substring("#/$defs/".length())), value);
            case "type" -> rule.isArray() ? any(rule, type -> is(type.asText(), value)) : is(rule.asText(), value);
            case "const" -> rule.equals(value);
            case "enum" -> any(rule, one -> one.equals(value));
            case "oneOf" -> stream(rule).filter(one -> fits(one, value)).count() == 1;
            case "anyOf" -> any(rule, one -> fits(one, value));
            case "allOf" -> stream(rule).allMatch(one -> fits(one, value));
            case "required" -> !value.isObject() || stream(rule).allMatch(name -> value.has(name.asText()));
            case "properties" -> StreamSupport.stream(((Iterable<String>) rule::fieldNames).spliterator(), false)
                    .allMatch(name -> !value.has(name) || fits(rule.get(name), value.get(name)));
            case "items" -> !value.isArray() || stream(value).allMatch(one -> fits(rule, one));
            case "maxItems" -> !value.isArray() || value.size() <= rule.asInt();
            case "pattern" -> !value.isTextual() || java.util.regex.Pattern.compile(rule.asText()).matcher(text).find();
            case "minLength" -> !value.isTextual() || text.codePointCount(0, text.length()) >= rule.asInt();
            case "maxLength" -> !value.isTextual() || text.codePointCount(0, text.length()) <= rule.asInt();
            case "minimum" -> !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) >= 0;
            case "maximum" -> !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) <= 0;
            case "exclusiveMinimum" -> !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) > 0;
            case "$schema", "$id", "$defs", "title", "description", "default", "format", "contentEncoding" -> true;
            default -> throw new IllegalArgumentException("unknown keyword " + keyword);
        };
    }

    private static boolean is(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            case "integer" -> value.isIntegralNumber() || value.isNumber() && value.asDouble() % 1 == 0;
            default -> value.isNumber();
        };
    }

    private static boolean any(JsonNode list, java.util.function.Predicate<JsonNode> test) {
        return stream(list).anyMatch(test);
    }

    private static java.util.stream.Stream<JsonNode> stream(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }
}
