import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;

/** Reads lines of a type's name, a tab and a message; writes each message as the generated type encodes it again. */
public class RoundTrip {
  interface Codec {
    String again(Class<?> type, String message) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    Codec codec = codec(arguments[0]);
    var out = new java.io.PrintStream(System.out, true, StandardCharsets.UTF_8);
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      int tab = line.indexOf('\t');
      try {
        String text = codec.again(Class.forName(arguments[1] + "." + line.substring(0, tab)), line.substring(tab + 1));
        out.println(text.replace("\r", "").replace("\n", ""));
      } catch (Throwable error) {
        Throwable cause = error.getCause() == null ? error : error.getCause();
        out.println("!" + String.valueOf(cause).replace("\r", " ").replace("\n", " "));
      }
    }
  }

  static Codec codec(String name) throws Exception {
    switch (name) {
      case "jackson":
        return with(new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false));
      case "openapi-java":
        return with(mapperOf());
      case "openapi-kotlin":
        return RoundTrip::gson;
      default:
        // The mapper that quicktype writes refuses members that it does not know.
        ((ObjectMapper) Class.forName("roomcast.RoomcastKt").getMethod("getMapper").invoke(null))
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
        return RoundTrip::own;
    }
  }

  static ObjectMapper mapperOf() throws Exception {
    Object json = Class.forName("org.openapitools.client.JSON").getMethod("getDefault").invoke(null);
    return (ObjectMapper) json.getClass().getMethod("getMapper").invoke(json);
  }

  static Codec with(ObjectMapper mapper) {
    return (type, message) -> mapper.writeValueAsString(mapper.readValue(message, type));
  }

  /** The mapper that openapi-generator writes for Kotlin. */
  static String gson(Class<?> type, String message) throws Exception {
    Class<?> serializer = Class.forName("org.openapitools.client.infrastructure.Serializer");
    var gson = (com.google.gson.Gson) serializer.getMethod("getGson").invoke(null);
    return gson.toJson(gson.fromJson(message, type), type);
  }

  /** The two methods that quicktype gives each class. */
  static String own(Class<?> type, String message) throws Exception {
    Object companion = type.getField("Companion").get(null);
    Method read = companion.getClass().getMethod("fromJson", String.class);
    Object value = read.invoke(companion, message);
    return (String) type.getMethod("toJson").invoke(value);
  }
}
